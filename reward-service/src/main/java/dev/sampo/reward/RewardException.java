package dev.sampo.reward;

/** The configured rewards cannot be used. The message is one line that says what would be right. */
public final class RewardException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public RewardException(String message) {
    super(message);
  }
}
