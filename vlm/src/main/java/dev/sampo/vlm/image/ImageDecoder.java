package dev.sampo.vlm.image;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes PNG and JPEG to RGB as Pillow's {@code Image.open(...).convert("RGB")} does: alpha is
 * dropped, not blended; grey is repeated; palettes are looked up; colour profiles, gamma and EXIF
 * orientation are ignored. Samples of 16 bits keep their high byte.
 */
public final class ImageDecoder {
  private static final Set<String> FORMATS = Set.of("png", "jpeg");

  /** Pillow's limit; a larger header is taken for an attack or a broken file. */
  private static final long MAX_PIXELS = 178_956_970L;

  private ImageDecoder() {}

  /**
   * Reads a picture from a file.
   *
   * @throws InvalidImageException if there is no such file or it is not a readable PNG or JPEG
   */
  public static RgbImage read(Path file) {
    try {
      return decode(Files.readAllBytes(file), file.toString());
    } catch (NoSuchFileException e) {
      throw new InvalidImageException("image %s: no such file".formatted(file), e);
    } catch (IOException e) {
      throw new InvalidImageException("image %s: %s".formatted(file, e), e);
    }
  }

  /**
   * Decodes an encoded picture.
   *
   * @param encoded a whole PNG or JPEG file
   * @param source what messages call the picture, such as its path or its hash
   * @throws InvalidImageException if it is not a complete PNG or JPEG
   */
  public static RgbImage decode(byte[] encoded, String source) {
    try (ImageInputStream input =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(encoded))) {
      ImageReader reader = readerFor(input, source);
      try {
        requireComplete(encoded, source);
        return decode(reader, input, source);
      } finally {
        reader.dispose();
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new InvalidImageException(
          "image %s: damaged or not supported (%s)".formatted(source, e.getMessage()), e);
    }
  }

  private static ImageReader readerFor(ImageInputStream input, String source) throws IOException {
    Iterator<ImageReader> readers = ImageIO.getImageReaders(input);
    while (readers.hasNext()) {
      ImageReader reader = readers.next();
      if (FORMATS.contains(reader.getFormatName().toLowerCase(Locale.ROOT))) {
        return reader;
      }
    }
    throw new InvalidImageException("image %s: not a PNG or JPEG file".formatted(source));
  }

  /**
   * The JPEG reader fills a cut-off picture with grey and says nothing, so the end marker (FF D9)
   * must follow the start of the last scan (FF DA). Neither occurs in the data of a scan. The PNG
   * reader notices by itself.
   */
  private static void requireComplete(byte[] encoded, String source) {
    boolean jpeg = encoded.length > 2 && (encoded[0] & 0xff) == 0xff && (encoded[1] & 0xff) == 0xd8;
    if (jpeg && lastMarker(encoded, 0xd9) < lastMarker(encoded, 0xda)) {
      throw new InvalidImageException("image %s: the file is cut off".formatted(source));
    }
  }

  private static int lastMarker(byte[] encoded, int marker) {
    for (int i = encoded.length - 2; i >= 0; i--) {
      if ((encoded[i] & 0xff) == 0xff && (encoded[i + 1] & 0xff) == marker) {
        return i;
      }
    }
    return -1;
  }

  private static RgbImage decode(ImageReader reader, ImageInputStream input, String source)
      throws IOException {
    reader.setInput(input, true, true);
    long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
    if (pixels > MAX_PIXELS) {
      throw new InvalidImageException(
          "image %s: %d x %d pixels, at most %d are allowed"
              .formatted(source, reader.getWidth(0), reader.getHeight(0), MAX_PIXELS));
    }
    return toRgb(reader.read(0));
  }

  /** Takes samples as stored: going through the colour model would apply gamma to grey images. */
  private static RgbImage toRgb(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
    if (image.getColorModel() instanceof IndexColorModel palette) {
      copyPalette(image.getRaster(), palette, rgb);
    } else {
      copySamples(image.getRaster(), image.getColorModel().getComponentSize(0), rgb);
    }
    return new RgbImage(width, height, rgb);
  }

  private static void copyPalette(Raster raster, IndexColorModel palette, byte[] rgb) {
    int[] row = new int[raster.getWidth()];
    int out = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getSamples(0, y, raster.getWidth(), 1, 0, row);
      for (int index : row) {
        rgb[out++] = (byte) palette.getRed(index);
        rgb[out++] = (byte) palette.getGreen(index);
        rgb[out++] = (byte) palette.getBlue(index);
      }
    }
  }

  /** One or two bands are grey (and alpha), three or four are red, green, blue (and alpha). */
  private static void copySamples(Raster raster, int bits, byte[] rgb) {
    int width = raster.getWidth();
    int bands = raster.getNumBands();
    int green = bands >= 3 ? 1 : 0;
    int blue = bands >= 3 ? 2 : 0;
    int shift = Math.max(0, bits - 8);
    int[] row = new int[width * bands];
    int out = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, width, 1, row);
      for (int in = 0; in < row.length; in += bands) {
        rgb[out++] = (byte) (row[in] >> shift);
        rgb[out++] = (byte) (row[in + green] >> shift);
        rgb[out++] = (byte) (row[in + blue] >> shift);
      }
    }
  }
}
