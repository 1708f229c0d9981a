package dev.sampo.actors.transfer;

/** A file could not be fetched: nobody has it, or what came is not it. */
public final class TransferException extends RuntimeException {
  private final boolean lasting;

  /**
   * A failed transfer.
   *
   * @param lasting whether trying again gives the same
   */
  public TransferException(String message, boolean lasting) {
    super(message);
    this.lasting = lasting;
  }

  /** Whether trying again gives the same, because whoever has the file says that it has not. */
  public boolean isLasting() {
    return lasting;
  }
}
