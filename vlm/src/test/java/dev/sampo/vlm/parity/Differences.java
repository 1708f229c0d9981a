package dev.sampo.vlm.parity;

/** How far two arrays are apart. */
final class Differences {
  private Differences() {}

  /** The largest absolute difference; NaN if either holds one. */
  static double largest(float[] actual, float[] expected) {
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      // Math.max keeps NaN.
      largest = Math.max(largest, Math.abs((double) actual[i] - expected[i]));
    }
    return largest;
  }

  static double meanAbsolute(float[] actual, float[] expected) {
    double sum = 0;
    for (int i = 0; i < expected.length; i++) {
      sum += Math.abs((double) actual[i] - expected[i]);
    }
    return sum / expected.length;
  }

  static double largest(float[] values) {
    return largest(values, new float[values.length]);
  }

  static double norm(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }
}
