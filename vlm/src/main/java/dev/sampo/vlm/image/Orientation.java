package dev.sampo.vlm.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a stored picture has to be turned to stand upright, as Pillow's {@code exif_transpose} does.
 * Constants are in the order of the values 1 to 8 of the EXIF tag.
 */
enum Orientation {
  UPRIGHT,
  MIRRORED,
  UPSIDE_DOWN,
  FLIPPED,
  TRANSPOSED,
  TURNED_LEFT,
  TRANSVERSED,
  TURNED_RIGHT;

  private static final int TAG = 0x0112;
  private static final int SHORT = 3;
  private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.ISO_8859_1);
  private static final Pattern XMP_TAG = Pattern.compile("tiff:Orientation(?:=\"|>)([0-9])");

  /**
   * Orientation by EXIF data or, where it has none, by XMP data. What cannot be read counts as
   * absent.
   *
   * @param exif a TIFF structure, with or without "Exif" before it; empty for none
   * @param xmp an XML text; empty for none
   */
  static Orientation of(byte[] exif, byte[] xmp) {
    int value = exifValue(exif);
    if (value == 0) {
      Matcher tag = XMP_TAG.matcher(new String(xmp, StandardCharsets.ISO_8859_1));
      value = tag.find() ? Integer.parseInt(tag.group(1)) : 0;
    }
    return value >= 1 && value <= values().length ? values()[value - 1] : UPRIGHT;
  }

  /** Value of the tag in the first directory; 0 if there is none. */
  private static int exifValue(byte[] exif) {
    int start = startsWith(exif, EXIF) ? EXIF.length : 0;
    ByteBuffer tiff = ByteBuffer.wrap(exif, start, exif.length - start).slice();
    if (tiff.remaining() < 8) {
      return 0;
    }
    tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    int directory = tiff.getInt(4);
    if (tiff.getShort(2) != 42 || directory < 8 || directory > tiff.limit() - 2) {
      return 0;
    }
    int entries = tiff.getShort(directory) & 0xffff;
    for (int entry = 0; entry < entries; entry++) {
      int at = directory + 2 + 12 * entry;
      if (at > tiff.limit() - 12) {
        return 0;
      }
      if ((tiff.getShort(at) & 0xffff) == TAG) {
        return tiff.getShort(at + 2) == SHORT ? tiff.getShort(at + 8) : tiff.getInt(at + 8);
      }
    }
    return 0;
  }

  private static boolean startsWith(byte[] bytes, byte[] prefix) {
    return bytes.length >= prefix.length
        && ByteBuffer.wrap(bytes, 0, prefix.length).equals(ByteBuffer.wrap(prefix));
  }

  /** The picture as it should be looked at. */
  RgbImage upright(RgbImage image) {
    int w = image.width();
    int h = image.height();
    int last = w * h - 1;
    return switch (this) {
      case UPRIGHT -> image;
      case MIRRORED -> copy(image, w, h, w - 1, -1, w);
      case UPSIDE_DOWN -> copy(image, w, h, last, -1, -w);
      case FLIPPED -> copy(image, w, h, last + 1 - w, 1, -w);
      case TRANSPOSED -> copy(image, h, w, 0, w, 1);
      case TURNED_LEFT -> copy(image, h, w, last + 1 - w, -w, 1);
      case TRANSVERSED -> copy(image, h, w, last, -w, -1);
      case TURNED_RIGHT -> copy(image, h, w, w - 1, w, -1);
    };
  }

  /** Starts at a pixel of the source and moves by one step per column and one per row. */
  private static RgbImage copy(
      RgbImage source, int width, int height, int start, int columnStep, int rowStep) {
    byte[] in = source.rgb();
    byte[] rgb = new byte[in.length];
    int out = 0;
    for (int y = 0; y < height; y++) {
      int at = 3 * (start + y * rowStep);
      for (int x = 0; x < width; x++) {
        rgb[out++] = in[at];
        rgb[out++] = in[at + 1];
        rgb[out++] = in[at + 2];
        at += 3 * columnStep;
      }
    }
    return new RgbImage(width, height, rgb);
  }
}
