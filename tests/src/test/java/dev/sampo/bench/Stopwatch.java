package dev.sampo.bench;

/** Seconds between laps. */
final class Stopwatch {
  private long last = System.nanoTime();

  /** Seconds since the start or the last lap. */
  double lap() {
    long now = System.nanoTime();
    double seconds = (now - last) / 1e9;
    last = now;
    return seconds;
  }
}
