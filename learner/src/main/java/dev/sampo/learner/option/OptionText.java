package dev.sampo.learner.option;

import java.math.BigDecimal;
import java.util.Locale;

/** Numbers and options in messages and printed formulas. */
public final class OptionText {
  private OptionText() {}

  /** The shortest text that reads back to the value: {@code 0.2}, {@code 2}, {@code 1e-4}. */
  public static String of(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e6) {
      return Long.toString((long) value);
    }
    BigDecimal exact = BigDecimal.valueOf(value).stripTrailingZeros();
    boolean small = Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6;
    return small ? exact.unscaledValue() + "e" + -exact.scale() : exact.toPlainString();
  }

  /** An option as the configuration spells it. */
  public static String of(Enum<?> option) {
    return option.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
