package dev.sampo.losses;

import java.util.Locale;
import java.util.Optional;

/** What was compared of one case in one precision: how much, how far off, and the first miss. */
final class Comparison {
  private final Precision precision;
  private final boolean relativeOnly;
  private Optional<String> miss = Optional.empty();
  private int numValues;
  private double worst;

  /** Compares values by the tolerance of a precision, by its relative part alone if so asked. */
  Comparison(Precision precision, boolean relativeOnly) {
    this.precision = precision;
    this.relativeOnly = relativeOnly;
  }

  Precision precision() {
    return precision;
  }

  /**
   * Compares a value.
   *
   * @throws UnsupportedCaseException if nothing is expected because the formula of the case has no
   *     value there, and the product has one
   */
  void check(String what, double actual, double wanted) {
    numValues++;
    if (Double.isNaN(wanted) && !Double.isNaN(actual)) {
      throw new UnsupportedCaseException(what + ": NaN is expected, the product gives " + actual);
    }
    double expected = precision.representable(wanted);
    boolean same = Double.compare(actual, expected) == 0; // also if both are infinite or NaN
    double difference = same ? 0 : Math.abs(actual - expected);
    double bound = precision.bound(expected, relativeOnly);
    worst = Math.max(worst, bound > 0 ? difference / bound : difference);
    if (!(difference <= bound) && miss.isEmpty()) {
      miss =
          Optional.of(
              String.format(
                  Locale.ROOT,
                  "%s %s %.12g expected %.12g",
                  precision.name().toLowerCase(Locale.ROOT),
                  what,
                  actual,
                  expected));
    }
  }

  void check(String what, double[] actual, double[] expected) {
    check(what + " count", actual.length, expected.length);
    for (int i = 0; i < Math.min(actual.length, expected.length); i++) {
      check(what + "[" + i + "]", actual[i], expected[i]);
    }
  }

  void check(String what, double[][] actual, double[][] expected) {
    check(what + " count", actual.length, expected.length);
    for (int i = 0; i < Math.min(actual.length, expected.length); i++) {
      check(what + "[" + i + "]", actual[i], expected[i]);
    }
  }

  /** The first value that is off. */
  Optional<String> miss() {
    return miss;
  }

  int numValues() {
    return numValues;
  }

  /** Largest difference as a share of what is allowed. */
  double worst() {
    return worst;
  }
}
