package dev.sampo.protocol;

import java.util.Arrays;

/** An immutable sequence of float32 log-probabilities, one per token; compared bit for bit. */
public final class LogProbs {
  private final float[] values;

  private LogProbs(float[] values) {
    this.values = values;
  }

  /** Copies {@code values}. */
  public static LogProbs of(float... values) {
    return new LogProbs(values.clone());
  }

  public int length() {
    return values.length;
  }

  public float get(int position) {
    return values[position];
  }

  /** A copy. */
  public float[] toArray() {
    return values.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LogProbs that && Arrays.equals(values, that.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return Arrays.toString(values);
  }
}
