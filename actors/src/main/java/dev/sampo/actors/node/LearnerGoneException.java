package dev.sampo.actors.node;

/** A node has no learner any more; one that is started again is to be joined anew. */
public final class LearnerGoneException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  LearnerGoneException(String message) {
    super(message);
  }
}
