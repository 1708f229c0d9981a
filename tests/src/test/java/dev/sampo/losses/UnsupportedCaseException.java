package dev.sampo.losses;

/** A case needs something that the product does not have; the message names it. */
final class UnsupportedCaseException extends RuntimeException {
  private static final long serialVersionUID = 1;

  UnsupportedCaseException(String why) {
    super(why);
  }
}
