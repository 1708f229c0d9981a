package dev.sampo.actors.journal;

import org.jspecify.annotations.Nullable;

/** A ledger that cannot be read or written; the message names it and says what is wrong. */
public final class LedgerException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What can be done where something of a ledger is lost. */
  public static final String WAYS_OUT =
      "put it back if there is a copy; otherwise this run cannot go on, but another one can begin"
          + " where it was: with another run.folder and run.name, and the newest of its checkpoints"
          + " as model.path";

  private final boolean isPassing;

  private LedgerException(String message, @Nullable Throwable cause, boolean isPassing) {
    super(message, cause);
    this.isPassing = isPassing;
  }

  /** Something that stays as it is, however often it is tried. */
  static LedgerException lasting(String message) {
    return new LedgerException(message, null, false);
  }

  static LedgerException lasting(String message, Throwable cause) {
    return new LedgerException(message, cause, false);
  }

  /** Something that may be different a moment later, like a lost connection. */
  static LedgerException passing(String message, Throwable cause) {
    return new LedgerException(message, cause, true);
  }

  /** The same, given up. */
  public LedgerException after(int attempts) {
    return new LedgerException(
        getMessage() + "; given up after " + attempts + " attempts", this, false);
  }

  /** Whether trying again may help. */
  public boolean isPassing() {
    return isPassing;
  }
}
