package dev.sampo.actors.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.actors.StepReport;
import java.io.IOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code metrics.jsonl}: one object per optimizer step, {@code step} first, then the metrics by
 * name. A metric that is not a finite number is left out of its line. Every line is flushed.
 */
final class MetricsLog implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final FileChannel file;
  private final Writer out;

  MetricsLog(Path path) throws IOException {
    this.file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
    this.out = Channels.newWriter(file, StandardCharsets.UTF_8);
  }

  /** Returns when all lines are on the disk. */
  void force() throws IOException {
    file.force(true);
  }

  /** The lines that are whole; none for a file that is not there. */
  static List<StepReport> read(Path file) throws IOException {
    if (!Files.exists(file)) {
      return List.of();
    }
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
        .lines()
        .flatMap(line -> parse(line).stream())
        .toList();
  }

  /** Writes the file anew, with these lines alone. */
  static void replace(Path file, List<StepReport> lines) throws IOException {
    StringBuilder text = new StringBuilder();
    for (StepReport line : lines) {
      text.append(line(line)).append('\n');
    }
    RunFolder.write(file, text.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** A line as it was written; empty for one that is torn or damaged. */
  private static Optional<StepReport> parse(String line) {
    try {
      JsonNode node = JSON.readTree(line);
      if (!node.path("step").isIntegralNumber()) {
        return Optional.empty();
      }
      Map<String, Double> metrics = new LinkedHashMap<>();
      node.properties().forEach(entry -> metrics.put(entry.getKey(), entry.getValue().asDouble()));
      metrics.remove("step");
      return Optional.of(new StepReport(node.path("step").asLong(), metrics));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  void write(StepReport report) throws IOException {
    out.write(line(report));
    out.write('\n');
    out.flush();
  }

  static String line(StepReport report) throws JsonProcessingException {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", report.step());
    report
        .metrics()
        .forEach((name, value) -> {
          if (Double.isFinite(value)) {
            line.put(name, value);
          }
        });
    return JSON.writeValueAsString(line);
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
