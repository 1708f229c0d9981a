package dev.sampo.simulation;

/** A rule of the protocol was broken. */
final class Violation extends RuntimeException {
  Violation(String message) {
    super(message);
  }
}
