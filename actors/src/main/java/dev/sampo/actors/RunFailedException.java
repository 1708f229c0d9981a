package dev.sampo.actors;

/**
 * A run cannot go on because of something outside the program, which whoever runs it can change;
 * the message is one line that says what.
 */
public final class RunFailedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public RunFailedException(String message) {
    super(message);
  }
}
