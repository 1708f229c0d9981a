package dev.sampo.actors.engine;

/** A recording cannot be replayed; the message is one line. */
public final class ReplayException extends RuntimeException {
  ReplayException(String message) {
    super(message);
  }

  ReplayException(String message, Throwable cause) {
    super(message, cause);
  }
}
