package dev.sampo.vlm.image;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes PNG, JPEG and WebP to upright RGB as Transformers loads pictures: Pillow's {@code
 * Image.open}, {@code exif_transpose} and {@code convert("RGB")}. Of animations the first frame
 * counts; colour profiles and gamma are ignored. What a file is, is told by its content, not by its
 * name.
 */
public final class ImageDecoder {
  /** Pillow's limit; a larger header is taken for an attack or a broken file. */
  private static final long MAX_PIXELS = 178_956_970L;

  private ImageDecoder() {}

  /**
   * Reads a picture from a file.
   *
   * @throws InvalidImageException if there is no such file or it is not a readable picture
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
   * @param encoded a whole PNG, JPEG or WebP file
   * @param source what messages call the picture, such as its path or its hash
   * @throws InvalidImageException if it is not a complete picture of these formats
   */
  public static RgbImage decode(byte[] encoded, String source) {
    try {
      if (PngFile.matches(encoded)) {
        return decodePng(encoded, source);
      }
      if (JpegFile.matches(encoded)) {
        return decodeJpeg(JpegFile.parse(encoded), source);
      }
      if (WebpFile.matches(encoded)) {
        return decodeWebp(WebpFile.parse(encoded), source);
      }
    } catch (InvalidImageException e) {
      throw e;
    } catch (IOException | RuntimeException e) { // readers throw all kinds at damaged files
      throw new InvalidImageException(
          "image %s: damaged or not supported (%s)".formatted(source, reason(e)), e);
    } catch (OutOfMemoryError e) { // one array that does not fit harms nobody else
      throw new InvalidImageException(
          "image %s: damaged, or too large for the memory left".formatted(source), e);
    }
    throw new InvalidImageException("image %s: not a PNG, JPEG or WebP file".formatted(source));
  }

  /** One line: some messages of readers have several, some none. */
  private static String reason(Exception e) {
    String message = Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
    return message.lines().findFirst().orElse("");
  }

  private static RgbImage decodePng(byte[] encoded, String source) throws IOException {
    PngFile png = PngFile.parse(encoded);
    RgbImage image =
        read("png", encoded, source, reader -> RgbSamples.of(reader.read(0), png.greyscale()));
    return png.orientation().upright(image);
  }

  private static RgbImage decodeJpeg(JpegFile jpeg, String source) throws IOException {
    RgbImage image =
        read(
            "jpeg",
            jpeg.stream(),
            source,
            reader ->
                jpeg.cmyk()
                    ? RgbSamples.ofInks(reader.readRaster(0, null), jpeg.ycck())
                    : RgbSamples.of(reader.read(0), false));
    return jpeg.orientation().upright(image);
  }

  private static RgbImage decodeWebp(WebpFile webp, String source) throws IOException {
    requireAllowed(webp.canvasWidth(), webp.canvasHeight(), source);
    RgbImage image =
        read("webp", webp.stream(), source, reader -> RgbSamples.of(reader.read(0), false));
    return webp.orientation().upright(webp.onCanvas(image));
  }

  private interface Decoding {
    RgbImage with(ImageReader reader) throws IOException;
  }

  private static RgbImage read(String format, byte[] stream, String source, Decoding decoding)
      throws IOException {
    ImageReader reader = ImageIO.getImageReadersByFormatName(format).next();
    try (ImageInputStream input =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(stream))) {
      reader.setInput(input, true, true);
      requireAllowed(reader.getWidth(0), reader.getHeight(0), source);
      return decoding.with(reader);
    } finally {
      reader.dispose();
    }
  }

  private static void requireAllowed(int width, int height, String source) {
    if ((long) width * height > MAX_PIXELS) {
      throw new InvalidImageException(
          "image %s: %d x %d pixels, at most %d are allowed"
              .formatted(source, width, height, MAX_PIXELS));
    }
  }
}
