package dev.sampo.actors.cli;

import java.io.Serial;
import java.nio.file.Path;

/** A command cannot do what it was asked; the message is the line that the user reads. */
final class CommandFailedException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  CommandFailedException(String message) {
    super(message);
  }

  /**
   * A training had to end.
   *
   * @param checkpoints where it has saved what it came to
   */
  static CommandFailedException stopped(String reason, Path checkpoints) {
    return new CommandFailedException(
        "stopped: %s; the newest checkpoint in %s has what it came to"
            .formatted(reason, checkpoints));
  }
}
