package dev.sampo.vlm.image;

/**
 * A picture that cannot be read or that the model cannot take; the message names it and says why.
 */
public final class InvalidImageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public InvalidImageException(String message) {
    super(message);
  }

  InvalidImageException(String message, Throwable cause) {
    super(message, cause);
  }
}
