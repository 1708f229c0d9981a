package dev.sampo.tasks;

/**
 * Something is wrong with the user's data or with where it shall be written. The message is one
 * line: what, where, and what would be right.
 */
public final class DataException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DataException(String message) {
    super(message);
  }

  public DataException(String message, Throwable cause) {
    super(message, cause);
  }
}
