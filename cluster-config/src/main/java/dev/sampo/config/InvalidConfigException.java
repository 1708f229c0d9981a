package dev.sampo.config;

import java.io.Serial;
import java.util.List;

/** A configuration that cannot be used. The message has one line for every problem found. */
public final class InvalidConfigException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  private final transient List<ConfigProblem> problems;

  public InvalidConfigException(List<ConfigProblem> problems) {
    super(ConfigProblem.lines(problems));
    this.problems = List.copyOf(problems);
  }

  /** Every problem, in the order of the configuration's sections. */
  public List<ConfigProblem> problems() {
    return problems;
  }
}
