package dev.sampo.actors.cli;

import java.io.Serial;

/** A command cannot do what it was asked; the message is the line that the user reads. */
final class CommandFailedException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  CommandFailedException(String message) {
    super(message);
  }
}
