package dev.sampo.learner;

/**
 * Something that a user can cause: a broken checkpoint, data that do not fit the model. One line.
 */
public final class LearnerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public LearnerException(String message) {
    super(message);
  }

  public LearnerException(String message, Throwable cause) {
    super(message, cause);
  }
}
