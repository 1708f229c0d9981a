package dev.sampo.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Samples by name, in the order in which the names first came. */
final class Results {
  private record Series(String unit, List<Double> samples) {}

  private final Map<String, Series> series = new LinkedHashMap<>();

  void add(String name, String unit, double sample) {
    series.computeIfAbsent(name, key -> new Series(unit, new ArrayList<>())).samples().add(sample);
  }

  /** Median of what was added under a name. */
  double median(String name) {
    return measurements().stream()
        .filter(measurement -> measurement.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("nothing was measured as " + name))
        .median();
  }

  private List<Measurement> measurements() {
    return series.entrySet().stream()
        .map(entry ->
            new Measurement(entry.getKey(), entry.getValue().unit(), entry.getValue().samples()))
        .toList();
  }

  /** The table as Markdown. */
  String table() {
    StringBuilder table =
        new StringBuilder("| measured | median | min | max | unit |\n|---|---:|---:|---:|---|\n");
    for (Measurement m : measurements()) {
      table
          .append("| %s | %s | ".formatted(m.name(), number(m.median())))
          .append("%s | %s | %s |\n".formatted(number(m.min()), number(m.max()), m.unit()));
    }
    return table.toString();
  }

  /** Three digits that count. */
  private static String number(double value) {
    double size = Math.abs(value);
    String format = size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3g";
    return value == 0 ? "0" : String.format(Locale.ROOT, format, value);
  }

  /** Writes everything, each sample included. */
  void write(Path file, Map<String, ?> environment) throws IOException {
    List<SortedMap<String, Object>> all = new ArrayList<>();
    for (Measurement m : measurements()) {
      all.add(
          new TreeMap<>(
              Map.of(
                  "name", m.name(),
                  "unit", m.unit(),
                  "median", m.median(),
                  "min", m.min(),
                  "max", m.max(),
                  "samples", m.samples())));
    }
    new ObjectMapper()
        .enable(SerializationFeature.INDENT_OUTPUT)
        .writeValue(file.toFile(), Map.of("environment", environment, "measurements", all));
  }
}
