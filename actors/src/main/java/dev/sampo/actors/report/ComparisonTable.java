package dev.sampo.actors.report;

import dev.sampo.actors.evaluation.Comparison;
import dev.sampo.actors.evaluation.Comparison.BeforeAfter;
import dev.sampo.actors.evaluation.SplitResult;
import dev.sampo.tasks.eval.Estimate;
import java.util.Locale;

/**
 * The evaluations before and after as a table for a terminal. Every cell is mean and standard error
 * over the prompts.
 */
public final class ComparisonTable {
  private static final String ROW = "%-10s  %5s  %-31s  %-31s  %-31s%n";

  private ComparisonTable() {}

  /** The table, with a line for every split and a closing newline. */
  public static String of(Comparison comparison) {
    StringBuilder table = new StringBuilder();
    table.append(ROW.formatted("", "", "greedy IoU", "sampled IoU", "sampled format"));
    table.append(
        ROW.formatted("split", "n", "before -> after", "before -> after", "before -> after"));
    comparison.splits().forEach((name, both) -> table.append(row(name, both)));
    return table.toString();
  }

  private static String row(String name, BeforeAfter both) {
    SplitResult before = both.before();
    SplitResult after = both.after();
    return ROW.formatted(
        name,
        before.greedy().numPrompts(),
        change(before.greedy().iou(), after.greedy().iou()),
        change(before.sampled().iou(), after.sampled().iou()),
        change(before.sampled().format(), after.sampled().format()));
  }

  private static String change(Estimate before, Estimate after) {
    return cell(before) + " -> " + cell(after);
  }

  static String cell(Estimate estimate) {
    return String.format(Locale.ROOT, "%.3f ± %.3f", estimate.mean(), estimate.standardError());
  }
}
