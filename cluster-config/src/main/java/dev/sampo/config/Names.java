package dev.sampo.config;

import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Keys of the configuration: how components of records are spelled, and what a typo meant. */
final class Names {
  private Names() {}

  /** {@code maxGradNorm} to {@code max-grad-norm}; {@code beta1} stays. */
  static String kebab(String component) {
    return component.replaceAll("([a-z0-9])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
  }

  static List<String> keysOf(Class<?> record) {
    return Arrays.stream(record.getRecordComponents())
        .map(RecordComponent::getName)
        .map(Names::kebab)
        .toList();
  }

  /** {@code "; did you mean x?"} for the nearest known key, else the list of what is allowed. */
  static String suggestion(String key, List<String> known) {
    Optional<String> nearest = nearest(key, known);
    return nearest
        .map(name -> "; did you mean " + name + "?")
        .orElseGet(() -> "; allowed here: " + String.join(", ", known));
  }

  private static Optional<String> nearest(String key, List<String> known) {
    int tolerance = Math.max(2, key.length() / 3);
    return known.stream()
        .min(Comparator.comparingInt(name -> distance(key, name)))
        .filter(name -> distance(key, name) <= tolerance);
  }

  /** Levenshtein distance: single-character insertions, deletions and replacements. */
  static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    Arrays.setAll(row, j -> j);
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
