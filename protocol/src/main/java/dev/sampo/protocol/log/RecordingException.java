package dev.sampo.protocol.log;

/** A recording that cannot be read or written; the message names the file and what is wrong. */
public final class RecordingException extends RuntimeException {
  private static final long serialVersionUID = 1;

  RecordingException(String message) {
    super(message);
  }

  RecordingException(String message, Throwable cause) {
    super(message, cause);
  }
}
