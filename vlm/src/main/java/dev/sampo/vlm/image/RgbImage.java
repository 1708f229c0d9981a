package dev.sampo.vlm.image;

/**
 * A decoded picture.
 *
 * @param width columns, at least 1
 * @param height rows, at least 1
 * @param rgb red, green and blue of each pixel, row by row; owned by this record, never written
 *     after construction // [height, width, 3]
 */
@SuppressWarnings("ArrayRecordComponent")
public record RgbImage(int width, int height, byte[] rgb) {
  public RgbImage {
    if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
      throw new IllegalArgumentException(
          "a picture of %d x %d pixels does not have %d bytes"
              .formatted(width, height, rgb.length));
    }
  }
}
