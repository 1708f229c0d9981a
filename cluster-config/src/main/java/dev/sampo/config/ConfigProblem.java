package dev.sampo.config;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * One thing that is wrong with a configuration.
 *
 * @param where file and line, or the command-line option
 * @param key full key of the value, {@code sampo.} included
 * @param message what is wrong and what is allowed
 */
public record ConfigProblem(String where, String key, String message) {
  private static final Pattern PLACE = Pattern.compile(":(\\d{1,9})(?= |$)");

  /** Whether it is a value that nobody gave. */
  public boolean isOfDefault() {
    return where.endsWith(Values.DEFAULT);
  }

  @Override
  public String toString() {
    return where + ": " + key + ": " + message;
  }

  /**
   * Files in the order in which problems were found, the problems of each in the order of its
   * lines.
   */
  static List<ConfigProblem> inOrder(List<ConfigProblem> problems) {
    Map<String, List<ConfigProblem>> byFile =
        problems.stream()
            .collect(
                Collectors.groupingBy(
                    problem -> PLACE.matcher(problem.where()).replaceFirst(""),
                    LinkedHashMap::new,
                    Collectors.toList()));
    return byFile.values().stream()
        .flatMap(ofFile -> ofFile.stream().sorted(Comparator.comparingInt(ConfigProblem::line)))
        .toList();
  }

  /** From 1; 0 where there is none. */
  private int line() {
    Matcher place = PLACE.matcher(where);
    return place.find() ? Integer.parseInt(place.group(1)) : 0;
  }

  static String lines(List<ConfigProblem> problems) {
    return problems.stream().map(ConfigProblem::toString).collect(Collectors.joining("\n"));
  }
}
