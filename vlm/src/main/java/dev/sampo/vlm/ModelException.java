package dev.sampo.vlm;

/**
 * A model folder that cannot be used: unreadable or truncated weights, a missing tensor, a wrong
 * shape, an unsupported setting. The message is one line that says what, where and what is allowed.
 */
public final class ModelException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ModelException(String message) {
    super(message);
  }

  public ModelException(String message, Throwable cause) {
    super(message, cause);
  }
}
