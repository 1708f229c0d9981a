package dev.sampo.protocol.wire;

/** Proto3 reads an absent message as one of zeros; what must be there is asked for by name. */
final class Required {
  private Required() {}

  static void part(boolean present, String what) {
    if (!present) {
      throw new WireFormatException("the " + what + " is missing");
    }
  }
}
