package dev.sampo.protocol.wire;

/** Bytes that are not the wire form of what was expected; the message says what is wrong. */
public final class WireFormatException extends RuntimeException {
  private static final long serialVersionUID = 1;

  WireFormatException(String message) {
    super(message);
  }

  WireFormatException(String message, Throwable cause) {
    super(message, cause);
  }
}
