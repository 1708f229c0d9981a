package dev.sampo.vlm.image;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.DataBufferInt;
import java.awt.image.IndexColorModel;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;

/**
 * Makes RGB of what readers deliver, as Pillow's {@code convert("RGB")} does: alpha is dropped, not
 * blended; grey is repeated; palettes are looked up. Samples are taken as stored: going through the
 * colour model would apply profiles and gamma.
 */
final class RgbSamples {
  private RgbSamples() {}

  /**
   * @param clipped whether samples of 16 bits are cut at 255, as Pillow does with grey ones;
   *     otherwise their high byte counts
   */
  static RgbImage of(BufferedImage image, boolean clipped) {
    Raster raster = image.getRaster();
    byte[] rgb = rgbOf(raster);
    DataBuffer data = raster.getDataBuffer();
    if (image.getColorModel() instanceof IndexColorModel palette) {
      copyPalette(raster, palette, rgb);
    } else if (data instanceof DataBufferByte bytes
        && raster.getSampleModel() instanceof PixelInterleavedSampleModel model
        && model.getWidth() == raster.getWidth()) {
      copyBytes(bytes.getData(), model, raster.getHeight(), rgb);
    } else if (data instanceof DataBufferInt) {
      copyInts(raster, rgb);
    } else {
      copySamples(raster, image.getColorModel().getComponentSize(0), clipped, rgb);
    }
    return new RgbImage(raster.getWidth(), raster.getHeight(), rgb);
  }

  private static byte[] rgbOf(Raster raster) {
    return new byte
        [Math.multiplyExact(3, Math.multiplyExact(raster.getWidth(), raster.getHeight()))];
  }

  private static void copyPalette(Raster raster, IndexColorModel palette, byte[] rgb) {
    int[] colours = new int[palette.getMapSize()];
    palette.getRGBs(colours);
    int[] row = new int[raster.getWidth()];
    int out = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getSamples(0, y, raster.getWidth(), 1, 0, row);
      for (int index : row) {
        out = put(colours[index], rgb, out);
      }
    }
  }

  /** One or two bands are grey (and alpha), three or four are red, green, blue (and alpha). */
  private static void copyBytes(
      byte[] in, PixelInterleavedSampleModel model, int height, byte[] rgb) {
    int[] offsets = model.getBandOffsets();
    boolean grey = offsets.length < 3;
    int red = offsets[0];
    int green = offsets[grey ? 0 : 1];
    int blue = offsets[grey ? 0 : 2];
    int out = 0;
    for (int y = 0; y < height; y++) {
      int at = y * model.getScanlineStride();
      for (int x = 0; x < model.getWidth(); x++) {
        rgb[out++] = in[at + red];
        rgb[out++] = in[at + green];
        rgb[out++] = in[at + blue];
        at += model.getPixelStride();
      }
    }
  }

  private static void copyInts(Raster raster, byte[] rgb) {
    int[] row = new int[raster.getWidth()];
    int out = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getDataElements(0, y, raster.getWidth(), 1, row);
      for (int pixel : row) {
        out = put(pixel, rgb, out);
      }
    }
  }

  private static int put(int pixel, byte[] rgb, int out) {
    rgb[out] = (byte) (pixel >> 16);
    rgb[out + 1] = (byte) (pixel >> 8);
    rgb[out + 2] = (byte) pixel;
    return out + 3;
  }

  private static void copySamples(Raster raster, int bits, boolean clipped, byte[] rgb) {
    int bands = raster.getNumBands();
    int green = bands >= 3 ? 1 : 0;
    int blue = bands >= 3 ? 2 : 0;
    int shift = clipped ? 0 : Math.max(0, bits - 8);
    int[] row = new int[raster.getWidth() * bands];
    int out = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, raster.getWidth(), 1, row);
      for (int in = 0; in < row.length; in += bands) {
        rgb[out++] = (byte) Math.min(255, row[in] >> shift);
        rgb[out++] = (byte) Math.min(255, row[in + green] >> shift);
        rgb[out++] = (byte) Math.min(255, row[in + blue] >> shift);
      }
    }
  }

  /**
   * Makes RGB of four ink components that are stored inverted, as Adobe's programs do and Pillow
   * assumes of all files.
   *
   * @param ycck whether the first three are luma and chroma of the inks
   */
  static RgbImage ofInks(Raster raster, boolean ycck) {
    byte[] rgb = rgbOf(raster);
    int[] row = new int[raster.getWidth() * 4];
    int out = 0;
    for (int y = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, raster.getWidth(), 1, row);
      for (int in = 0; in < row.length; in += 4) {
        if (ycck) {
          toInks(row, in);
        }
        for (int channel = 0; channel < 3; channel++) {
          rgb[out++] = (byte) withoutInk(255 - row[in + channel], row[in + 3]);
        }
      }
    }
    return new RgbImage(raster.getWidth(), raster.getHeight(), rgb);
  }

  /**
   * What the paper shows of a channel: {@code white - white * ink / 255}, rounded as Pillow does.
   */
  private static int withoutInk(int ink, int white) {
    int product = ink * white + 128;
    return Math.clamp(white - (((product >> 8) + product) >> 8), 0, 255);
  }

  /** The JPEG standard's conversion in libjpeg's 16-bit fixed point, then inverted. */
  private static void toInks(int[] pixel, int at) {
    int luma = pixel[at];
    int blueness = pixel[at + 1] - 128;
    int redness = pixel[at + 2] - 128;
    int half = 1 << 15;
    int red = luma + ((91881 * redness + half) >> 16);
    int green = luma + ((-22554 * blueness - 46802 * redness + half) >> 16);
    int blue = luma + ((116130 * blueness + half) >> 16);
    pixel[at] = 255 - Math.clamp(red, 0, 255);
    pixel[at + 1] = 255 - Math.clamp(green, 0, 255);
    pixel[at + 2] = 255 - Math.clamp(blue, 0, 255);
  }
}
