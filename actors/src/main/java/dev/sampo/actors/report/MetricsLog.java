package dev.sampo.actors.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.actors.StepReport;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * {@code metrics.jsonl}: one object per optimizer step, {@code step} first, then the metrics by
 * name. A metric that is not a finite number is left out of its line. Every line is flushed.
 */
final class MetricsLog implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final BufferedWriter out;

  MetricsLog(Path file) throws IOException {
    this.out = Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
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
