package dev.sampo.vlm.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What has to be known of the chunks of a PNG file beside the picture.
 *
 * @param greyscale whether its samples are grey without alpha
 * @param orientation by EXIF or XMP
 */
record PngFile(boolean greyscale, Orientation orientation) {
  private static final long SIGNATURE = 0x89504e470d0a1a0aL;
  private static final int COLOUR_TYPE = 25;
  private static final byte[] XMP = "XML:com.adobe.xmp\0".getBytes(StandardCharsets.ISO_8859_1);

  static boolean matches(byte[] file) {
    return file.length > COLOUR_TYPE && ByteBuffer.wrap(file).getLong() == SIGNATURE;
  }

  /**
   * Goes through the chunks as far as they are whole; the picture's own are the reader's business.
   */
  static PngFile parse(byte[] file) {
    ByteBuffer chunks = ByteBuffer.wrap(file).position(8);
    byte[] exif = {};
    byte[] xmp = {};
    while (chunks.remaining() >= 12) {
      int length = chunks.getInt();
      int type = chunks.getInt();
      if (length < 0 || length > chunks.remaining() - 4) {
        break;
      }
      int from = chunks.position();
      if (type == code("eXIf")) {
        exif = Arrays.copyOfRange(file, from, from + length);
      } else if (type == code("iTXt")
          && length > XMP.length
          && Arrays.equals(file, from, from + XMP.length, XMP, 0, XMP.length)) {
        xmp = Arrays.copyOfRange(file, from + XMP.length, from + length);
      }
      chunks.position(from + length + 4);
    }
    return new PngFile(file[COLOUR_TYPE] == 0, Orientation.of(exif, xmp));
  }

  private static int code(String type) {
    return ByteBuffer.wrap(type.getBytes(StandardCharsets.ISO_8859_1)).getInt();
  }
}
