package dev.sampo.losses;

import ai.djl.ndarray.types.DataType;

/** How close float64 and float32 have to come. */
enum Precision {
  /** The floor is the rounding of the recorded numbers, which have twelve digits. */
  FLOAT64(DataType.FLOAT64, 1e-9, 1e-12),
  FLOAT32(DataType.FLOAT32, 1e-5, 1e-6);

  private final DataType type;
  private final double relative;
  private final double absolute;

  Precision(DataType type, double relative, double absolute) {
    this.type = type;
    this.relative = relative;
    this.absolute = absolute;
  }

  DataType type() {
    return type;
  }

  /** The value, or infinity if the type ends before it. */
  double representable(double value) {
    return type == DataType.FLOAT32 && Math.abs(value) > Float.MAX_VALUE
        ? Math.copySign(Double.POSITIVE_INFINITY, value)
        : value;
  }

  /** The largest allowed difference from a value. */
  double bound(double expected, boolean relativeOnly) {
    return (relativeOnly && expected != 0 ? 0 : absolute) + relative * Math.abs(expected);
  }
}
