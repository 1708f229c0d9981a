package dev.sampo.actors.node;

/** A node cannot start; the message is one line for its operator. */
public final class NodeStartException extends RuntimeException {
  public NodeStartException(String message, Throwable cause) {
    super(message, cause);
  }
}
