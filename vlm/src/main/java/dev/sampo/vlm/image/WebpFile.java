package dev.sampo.vlm.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The chunks of a WebP file. The reader knows no animations, so of one it gets the first frame as a
 * picture of its own; where the frame does not cover the canvas, that is black, as in Pillow.
 *
 * @param stream what the reader is to read
 * @param canvasWidth of an animation; 0 if {@code stream} is the whole picture
 * @param canvasHeight likewise
 * @param left column of the canvas where the picture goes
 * @param top row of the canvas where the picture goes
 * @param orientation by EXIF or XMP
 */
@SuppressWarnings("ArrayRecordComponent")
record WebpFile(
    byte[] stream, int canvasWidth, int canvasHeight, int left, int top, Orientation orientation) {
  private static final int HEADER = 12;
  private static final int FRAME_HEADER = 16;

  static boolean matches(byte[] file) {
    return file.length > HEADER && name(file, 0).equals("RIFF") && name(file, 8).equals("WEBP");
  }

  /**
   * @throws IOException if the file ends early
   */
  static WebpFile parse(byte[] file) throws IOException {
    if (Integer.toUnsignedLong(int32(file, 4)) > file.length - 8) {
      throw new IOException("the file is cut off");
    }
    byte[] exif = {};
    byte[] xmp = {};
    int extended = -1;
    int frame = -1;
    for (int at = HEADER; at + 8 <= file.length; at = chunkEnd(file, at)) {
      int data = at + 8;
      int end = data + dataLength(file, at);
      switch (name(file, at)) {
        case "EXIF" -> exif = Arrays.copyOfRange(file, data, end);
        case "XMP " -> xmp = Arrays.copyOfRange(file, data, end);
        case "VP8X" -> extended = end >= data + 10 ? data : extended;
        case "ANMF" -> frame = frame < 0 && end >= data + FRAME_HEADER + 8 ? data : frame;
        default -> {
          // pictures and what else there is
        }
      }
    }
    Orientation orientation = Orientation.of(exif, xmp);
    if (extended < 0 || frame < 0) {
      return new WebpFile(file, 0, 0, 0, 0, orientation);
    }
    return new WebpFile(
        firstPicture(file, frame + FRAME_HEADER),
        int24(file, extended + 4) + 1,
        int24(file, extended + 7) + 1,
        2 * int24(file, frame),
        2 * int24(file, frame + 3),
        orientation);
  }

  /** Alpha is dropped in the end, so a frame's own chunk of alpha need not come along. */
  private static byte[] firstPicture(byte[] file, int at) throws IOException {
    int start = name(file, at).equals("ALPH") ? chunkEnd(file, at) : at;
    int length = 8 + dataLength(file, start);
    int padded = length + (length & 1);
    return ByteBuffer.allocate(HEADER + padded)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put("RIFF".getBytes(StandardCharsets.ISO_8859_1))
        .putInt(4 + padded)
        .put("WEBP".getBytes(StandardCharsets.ISO_8859_1))
        .put(file, start, length)
        .array();
  }

  private static int chunkEnd(byte[] file, int at) throws IOException {
    int length = dataLength(file, at);
    return at + 8 + length + (length & 1);
  }

  private static int dataLength(byte[] file, int at) throws IOException {
    int length = at + 8 <= file.length ? int32(file, at + 4) : -1;
    if (length < 0 || length > file.length - at - 8) {
      throw new IOException("the file is cut off");
    }
    return length;
  }

  /** The picture on its canvas. */
  RgbImage onCanvas(RgbImage frame) throws IOException {
    if (canvasWidth == 0 || (canvasWidth == frame.width() && canvasHeight == frame.height())) {
      return frame;
    }
    if (left + frame.width() > canvasWidth || top + frame.height() > canvasHeight) {
      throw new IOException("the first frame leaves the canvas");
    }
    byte[] rgb = new byte[Math.multiplyExact(3 * canvasWidth, canvasHeight)];
    for (int row = 0; row < frame.height(); row++) {
      int to = 3 * ((top + row) * canvasWidth + left);
      System.arraycopy(frame.rgb(), 3 * row * frame.width(), rgb, to, 3 * frame.width());
    }
    return new RgbImage(canvasWidth, canvasHeight, rgb);
  }

  private static String name(byte[] file, int at) {
    return new String(file, at, 4, StandardCharsets.ISO_8859_1);
  }

  private static int int24(byte[] file, int at) {
    return (file[at] & 0xff) | (file[at + 1] & 0xff) << 8 | (file[at + 2] & 0xff) << 16;
  }

  private static int int32(byte[] file, int at) {
    return int24(file, at) | file[at + 3] << 24;
  }
}
