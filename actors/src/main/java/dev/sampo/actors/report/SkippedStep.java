package dev.sampo.actors.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * {@code reason.json} of a step of which something was left out.
 *
 * @param step the step that was or would have been taken, from 1
 * @param reason one line
 * @param metrics what was measured of it, as text, since not every number is one of JSON
 * @param rows the rows to blame, as far as that can be told
 */
public record SkippedStep(long step, String reason, Map<String, String> metrics, List<Row> rows) {
  private static final String FILE = "reason.json";
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /**
   * A row of the data.
   *
   * @param source where it comes from, {@code file:line}
   * @param text what was asked
   * @param answer what should have been answered; empty where the answers are completions
   */
  public record Row(String source, String text, Optional<String> answer) {}

  public SkippedStep {
    metrics = new TreeMap<>(metrics);
    rows = List.copyOf(rows);
  }

  static SkippedStep of(SetAside.Step step, List<Row> rows) {
    Map<String, String> texts = new TreeMap<>();
    step.metrics().forEach((name, value) -> texts.put(name, Double.toString(value)));
    return new SkippedStep(step.number(), step.reason(), texts, rows);
  }

  void write(Path folder) throws IOException {
    ObjectNode node = JSON.createObjectNode();
    node.put("step", step);
    node.put("reason", reason);
    metrics.forEach(node.putObject("metrics")::put);
    ArrayNode list = node.putArray("rows");
    for (Row row : rows) {
      ObjectNode item = list.addObject().put("row", row.source()).put("text", row.text());
      row.answer().ifPresent(answer -> item.put("answer", answer));
    }
    byte[] json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(node);
    Files.writeString(folder.resolve(FILE), new String(json, StandardCharsets.UTF_8) + "\n");
  }

  /** Reads the file in a folder; empty if there is none. */
  public static Optional<SkippedStep> find(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      JsonNode node = JSON.readTree(file.toFile());
      Map<String, String> metrics = new TreeMap<>();
      node.path("metrics")
          .properties()
          .forEach(entry -> metrics.put(entry.getKey(), entry.getValue().asText()));
      List<Row> rows = new ArrayList<>();
      for (JsonNode row : node.path("rows")) {
        rows.add(
            new Row(
                row.path("row").asText(),
                row.path("text").asText(),
                Optional.ofNullable(row.get("answer")).map(JsonNode::asText)));
      }
      return Optional.of(
          new SkippedStep(node.path("step").asLong(), node.path("reason").asText(), metrics, rows));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
