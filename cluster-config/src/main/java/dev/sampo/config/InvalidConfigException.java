package dev.sampo.config;

import java.io.Serial;
import java.util.List;
import java.util.Optional;

/** A configuration that cannot be used. The message has one line for every problem found. */
public final class InvalidConfigException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  private final transient List<ConfigProblem> problems;

  private final transient Optional<LoadedConfig> rest;

  public InvalidConfigException(List<ConfigProblem> problems) {
    this(problems, Optional.empty());
  }

  /**
   * With what is not wrong.
   *
   * @param rest see {@link #rest}
   */
  public InvalidConfigException(List<ConfigProblem> problems, Optional<LoadedConfig> rest) {
    super(ConfigProblem.lines(ConfigProblem.inOrder(problems)));
    this.problems = ConfigProblem.inOrder(problems);
    this.rest = rest;
  }

  /** Every problem; those of a file in the order of its lines. */
  public List<ConfigProblem> problems() {
    return problems;
  }

  /** The configuration with defaults for what is wrong; empty if that cannot be read either. */
  public Optional<LoadedConfig> rest() {
    return rest;
  }
}
