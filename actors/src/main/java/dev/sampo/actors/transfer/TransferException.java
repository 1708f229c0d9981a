package dev.sampo.actors.transfer;

/** A file could not be fetched: nobody has it, or what came is not it. */
public final class TransferException extends RuntimeException {
  public TransferException(String message) {
    super(message);
  }
}
