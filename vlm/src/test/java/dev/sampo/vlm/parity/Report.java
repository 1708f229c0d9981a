package dev.sampo.vlm.parity;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Collects the results of comparisons with one recorded folder. */
final class Report {

  /**
   * One comparison.
   *
   * @param ok whether it is within its bound
   * @param where the case
   * @param what was compared
   * @param measured how far apart the two sides are
   * @param bound how far they may be
   */
  record Line(boolean ok, String where, String what, String measured, String bound) {}

  private final List<Line> lines = new ArrayList<>();

  List<Line> lines() {
    return List.copyOf(lines);
  }

  List<Line> misses() {
    return lines.stream().filter(line -> !line.ok()).toList();
  }

  /** A number that must not be more than a bound; NaN is a miss. */
  void atMost(String where, String what, double measured, double bound) {
    lines.add(new Line(measured <= bound, where, what, number(measured), number(bound)));
  }

  /** The largest difference of two arrays of equal size. */
  void close(String where, String what, float[] actual, float[] expected, double bound) {
    if (actual.length != expected.length) {
      String sizes = "%d-values-for-%d".formatted(actual.length, expected.length);
      lines.add(new Line(false, where, what, sizes, number(bound)));
      return;
    }
    atMost(where, what, Differences.largest(actual, expected), bound);
  }

  /** Two lists of ids that must be the same. */
  void equal(String where, String what, int[] actual, int[] expected) {
    int at = Arrays.mismatch(actual, expected);
    lines.add(new Line(at < 0, where, what, at < 0 ? "equal" : "differs-at-" + at, "equal"));
  }

  void equal(String where, String what, String actual, String expected) {
    boolean ok = actual.equals(expected);
    lines.add(new Line(ok, where, what, ok ? "equal" : "differs", "equal"));
  }

  /** Something that could not be compared because this project refuses it. */
  void failed(String where, String what, Exception reason) {
    String message = String.valueOf(reason.getMessage()).replaceAll("\\s+", " ");
    lines.add(new Line(false, where, what, reason.getClass().getSimpleName() + ":" + message, "-"));
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.3g", value);
  }
}
