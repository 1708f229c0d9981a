package dev.sampo.learner.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.Arrays;

/**
 * The values of an array of tokens or of rows, read by the place of a token in {@code [R, C]}.
 *
 * @param values float64 // [R * C] or [R]
 * @param columns how many consecutive tokens share a value
 */
@SuppressWarnings("ArrayRecordComponent") // made by the factory, only read
record TokenValues(double[] values, int columns) {

  /** Reads an array of shape {@code [R, C]} or {@code [R, 1]} that belongs to some rows. */
  static TokenValues of(NDArray array, ObjectiveRows rows) {
    long columns = rows.live().getShape().get(1);
    boolean byRow = array.getShape().get(1) != columns;
    double[] values =
        array.getDataType() == DataType.FLOAT64
            ? array.toDoubleArray()
            : widened(array.toFloatArray());
    return new TokenValues(values, byRow ? (int) columns : 1);
  }

  double at(int token) {
    return values[token / columns];
  }

  private static double[] widened(float[] values) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }
}
