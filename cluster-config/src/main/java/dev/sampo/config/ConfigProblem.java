package dev.sampo.config;

import java.util.List;
import java.util.stream.Collectors;

/**
 * One thing that is wrong with a configuration.
 *
 * @param where file and line, or the command-line option
 * @param key full key of the value, {@code sampo.} included
 * @param message what is wrong and what is allowed
 */
public record ConfigProblem(String where, String key, String message) {
  /** Whether it is a value that nobody gave. */
  public boolean isOfDefault() {
    return where.endsWith(Values.DEFAULT);
  }

  @Override
  public String toString() {
    return where + ": " + key + ": " + message;
  }

  static String lines(List<ConfigProblem> problems) {
    return problems.stream().map(ConfigProblem::toString).collect(Collectors.joining("\n"));
  }
}
