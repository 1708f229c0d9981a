package dev.sampo.actors.node;

/** A guard has ended the run, of which there is a checkpoint; the message is one line. */
public final class RunStoppedException extends RuntimeException {
  RunStoppedException(String reason) {
    super(reason);
  }
}
