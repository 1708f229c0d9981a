package dev.sampo.vlm.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The segments of a JPEG file. The JDK's reader applies colour profiles and refuses files whose
 * application segments it does not like; libjpeg, which Pillow uses, does neither. So the reader
 * gets a stream without them, but with the one that says what libjpeg concludes about the colours.
 *
 * @param stream what the JDK's reader is to read
 * @param cmyk whether it has four components
 * @param ycck whether the first three of the four are luma and chroma
 * @param orientation by EXIF or XMP
 */
@SuppressWarnings("ArrayRecordComponent")
record JpegFile(byte[] stream, boolean cmyk, boolean ycck, Orientation orientation) {
  private static final int SOI = 0xd8;
  private static final int EOI = 0xd9;
  private static final int SOS = 0xda;
  private static final int APP0 = 0xe0;
  private static final int APP1 = 0xe1;
  private static final int APP14 = 0xee;
  private static final int APP15 = 0xef;
  private static final int COMMENT = 0xfe;

  private static final byte[] JFIF = latin1("JFIF\0");
  private static final byte[] ADOBE = latin1("Adobe");
  private static final byte[] EXIF = latin1("Exif\0\0");
  private static final byte[] XMP = latin1("http://ns.adobe.com/xap/1.0/\0");

  static boolean matches(byte[] file) {
    return file.length > 2 && (file[0] & 0xff) == 0xff && (file[1] & 0xff) == SOI;
  }

  /**
   * @throws IOException if the file ends early
   */
  static JpegFile parse(byte[] file) throws IOException {
    return new Parser(file).parse();
  }

  private static byte[] latin1(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static final class Parser {
    private final byte[] file;
    private final ByteArrayOutputStream kept;
    private final ByteArrayOutputStream exif = new ByteArrayOutputStream();
    private byte[] xmp = {};
    private byte[] componentIds = {};
    private boolean jfif;
    private int adobeTransform = -1;

    Parser(byte[] file) {
      this.file = file;
      this.kept = new ByteArrayOutputStream(file.length);
    }

    JpegFile parse() throws IOException {
      int at = nextMarker(2);
      while (marker(at) != SOS) {
        int end = segmentEnd(at);
        visit(marker(at), at, end);
        at = nextMarker(end);
      }
      if (componentIds.length == 0) {
        throw new IOException("a scan comes before the size");
      }
      kept.write(file, at, endOfScans(at) - at);
      boolean cmyk = componentIds.length == 4;
      ByteArrayOutputStream stream = new ByteArrayOutputStream(kept.size() + 32);
      stream.write(0xff);
      stream.write(SOI);
      stream.write(colourSegment());
      kept.writeTo(stream);
      return new JpegFile(
          stream.toByteArray(),
          cmyk,
          cmyk && adobeTransform == 2,
          Orientation.of(exif.toByteArray(), xmp));
    }

    private void visit(int marker, int at, int end) {
      int from = at + 4;
      if (marker == APP0 && has(JFIF, from)) {
        jfif = true;
      } else if (marker == APP1 && has(EXIF, from)) {
        int header = exif.size() == 0 ? 0 : EXIF.length;
        exif.write(file, from + header, end - from - header);
      } else if (marker == APP1 && has(XMP, from)) {
        xmp = Arrays.copyOfRange(file, from + XMP.length, end);
      } else if (marker == APP14 && has(ADOBE, from) && end - from >= 12) {
        adobeTransform = file[from + 11] & 0xff;
      }
      if ((marker < APP0 || marker > APP15) && marker != COMMENT) {
        kept.write(file, at, end - at);
      }
      if (isFrame(marker)) {
        componentIds = componentIds(from, end);
      }
    }

    private static boolean isFrame(int marker) {
      boolean table = marker == 0xc4 || marker == 0xc8 || marker == 0xcc;
      return marker >= 0xc0 && marker <= 0xcf && !table;
    }

    private byte[] componentIds(int from, int end) {
      int number = end - from > 5 ? file[from + 5] & 0xff : 0;
      byte[] ids = new byte[Math.min(number, Math.max(0, (end - from - 6) / 3))];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = file[from + 6 + 3 * i];
      }
      return ids;
    }

    /** The rules of libjpeg's default_decompress_parms, in words that the JDK's reader follows. */
    private byte[] colourSegment() {
      if (componentIds.length == 4) {
        return adobe(adobeTransform == 2 ? 2 : 0);
      }
      boolean namedRgb =
          componentIds.length == 3
              && new String(componentIds, StandardCharsets.US_ASCII).equals("RGB");
      boolean rgb = adobeTransform == 0 || (adobeTransform < 0 && namedRgb);
      if (componentIds.length == 3 && !jfif && rgb) {
        return adobe(0);
      }
      return new byte[] {
        (byte) 0xff, (byte) APP0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0
      };
    }

    private static byte[] adobe(int transform) {
      return new byte[] {
        (byte) 0xff,
        (byte) APP14,
        0,
        14,
        'A',
        'd',
        'o',
        'b',
        'e',
        0,
        100,
        0,
        0,
        0,
        0,
        (byte) transform
      };
    }

    /** Goes through the scans: within one, FF stands before 0, a restart or another FF. */
    private int endOfScans(int at) throws IOException {
      while (marker(at) != EOI) {
        at = segmentEnd(at);
        while (at + 1 < file.length && !isMarker(at)) {
          at++;
        }
        requireByte(at + 1);
      }
      return at + 2;
    }

    /**
     * Skips what may stand before a marker: any number of FF, and, as libjpeg does, bytes that
     * belong to no segment.
     */
    private int nextMarker(int at) throws IOException {
      requireByte(at + 1);
      while (file[at] != (byte) 0xff || file[at + 1] == 0 || file[at + 1] == (byte) 0xff) {
        at++;
        requireByte(at + 1);
      }
      return at;
    }

    private boolean isMarker(int at) {
      int code = file[at + 1] & 0xff;
      boolean restart = code >= 0xd0 && code <= 0xd7;
      return file[at] == (byte) 0xff && code != 0 && code != 0xff && !restart;
    }

    private int marker(int at) {
      return file[at + 1] & 0xff;
    }

    private int segmentEnd(int at) throws IOException {
      requireByte(at + 3);
      int length = (file[at + 2] & 0xff) << 8 | (file[at + 3] & 0xff);
      if (length < 2) {
        throw new IOException("a segment of %d bytes at byte %d".formatted(length, at));
      }
      requireByte(at + 1 + length);
      return at + 2 + length;
    }

    private void requireByte(int at) throws IOException {
      if (at >= file.length) {
        throw new IOException("the file is cut off");
      }
    }

    private boolean has(byte[] prefix, int at) {
      return at + prefix.length <= file.length
          && Arrays.equals(file, at, at + prefix.length, prefix, 0, prefix.length);
    }
  }
}
