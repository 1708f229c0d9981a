package dev.sampo.actors.report;

import dev.sampo.actors.evaluation.SplitResult;
import java.util.Map;

/** One evaluation as a table for a terminal. Every cell is mean and standard error. */
public final class ResultTable {
  private static final String ROW = "%-10s  %5s  %-15s  %-15s  %-15s%n";

  private ResultTable() {}

  /** The table, with a line for every split and a closing newline. */
  public static String of(Map<String, SplitResult> results) {
    StringBuilder table = new StringBuilder();
    table.append(ROW.formatted("split", "n", "greedy IoU", "sampled IoU", "sampled format"));
    results.forEach((name, result) ->
        table.append(
            ROW.formatted(
                name,
                result.greedy().numPrompts(),
                ComparisonTable.cell(result.greedy().iou()),
                ComparisonTable.cell(result.sampled().iou()),
                ComparisonTable.cell(result.sampled().format()))));
    return table.toString();
  }
}
