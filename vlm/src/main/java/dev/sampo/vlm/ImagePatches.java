package dev.sampo.vlm;

/**
 * One image as the vision tower takes it: normalised patches in the order of the merge windows.
 *
 * @param values row-major // [I, channels * temporalPatch * patch * patch]; owned by this record,
 *     never written after construction
 * @param temporal patches in time; 1 for a still image
 * @param height patch rows
 * @param width patch columns
 */
@SuppressWarnings("ArrayRecordComponent")
public record ImagePatches(float[] values, int temporal, int height, int width) {
  public int numPatches() {
    return temporal * height * width;
  }
}
