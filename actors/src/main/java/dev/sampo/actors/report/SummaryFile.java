package dev.sampo.actors.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.actors.evaluation.Comparison;
import dev.sampo.actors.evaluation.SplitResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * {@code summary.json}: for every split {@code before} and {@code after} with {@code greedy_iou},
 * {@code sampled_iou}, {@code format} (share of the sampled answers that are well formed) and
 * {@code n}; then the totals of the run.
 */
final class SummaryFile {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private SummaryFile() {}

  static void write(Path file, Comparison comparison, RunTotals totals) {
    RunFolder.write(file, json(comparison, totals).getBytes(StandardCharsets.UTF_8));
  }

  static String json(Comparison comparison, RunTotals totals) {
    ObjectNode root = JSON.createObjectNode();
    ObjectNode splits = root.putObject("splits");
    comparison
        .splits()
        .forEach((name, both) -> {
          ObjectNode split = splits.putObject(name);
          add(split.putObject("before"), both.before());
          add(split.putObject("after"), both.after());
        });
    root.put("rl_seconds", seconds(totals.training().toMillis()));
    root.put("wall_seconds", seconds(totals.whole().toMillis()));
    root.put("max_staleness", totals.maxStaleness());
    root.put("tokens_per_second", totals.tokensPerSecond());
    root.put("seed", totals.seed());
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(new DefaultIndenter("  ", "\n"));
    try {
      return JSON.writer(printer).writeValueAsString(root) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of numbers cannot fail to be written", e);
    }
  }

  private static void add(ObjectNode node, SplitResult result) {
    node.put("greedy_iou", result.greedy().iou().mean());
    node.put("sampled_iou", result.sampled().iou().mean());
    node.put("format", result.sampled().format().mean());
    node.put("n", result.greedy().numPrompts());
  }

  private static double seconds(long millis) {
    return millis / 1e3;
  }
}
