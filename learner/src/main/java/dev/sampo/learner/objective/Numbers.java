package dev.sampo.learner.objective;

import java.math.BigDecimal;
import java.util.Locale;

/** Numbers and options in messages and printed formulas. */
final class Numbers {
  private Numbers() {}

  /** The shortest text that reads back to the value: {@code 0.2}, {@code 2}, {@code 1e-4}. */
  static String text(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e6) {
      return Long.toString((long) value);
    }
    BigDecimal exact = BigDecimal.valueOf(value).stripTrailingZeros();
    boolean small = Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6;
    return small ? exact.unscaledValue() + "e" + -exact.scale() : exact.toPlainString();
  }

  /** An option as the configuration spells it. */
  static String name(Enum<?> option) {
    return option.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
