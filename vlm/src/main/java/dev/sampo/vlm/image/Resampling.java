package dev.sampo.vlm.image;

import java.util.Arrays;

/**
 * Resizes pictures with Pillow's antialiased filters (support widened by the downscaling factor),
 * bit for bit: two passes, columns first, 22-bit fixed-point weights, each pass rounded to 8 bits.
 */
enum Resampling {
  /** Keys' cubic with a = -0.5, over two samples to each side. */
  BICUBIC(2) {
    @Override
    double weight(double distance) {
      double d = Math.abs(distance);
      if (d < 1) {
        return ((A + 2) * d - (A + 3)) * d * d + 1;
      }
      return d < 2 ? (((d - 5) * d + 8) * d - 4) * A : 0;
    }
  },

  /** A sinc windowed by a wider one, over three samples to each side. */
  LANCZOS(3) {
    @Override
    double weight(double distance) {
      return Math.abs(distance) < 3 ? sinc(distance) * sinc(distance / 3) : 0;
    }
  };

  /** 32 bits less 8 for the sample and 2 for the overshoot of the filter. */
  private static final int PRECISION_BITS = 32 - 8 - 2;

  private static final double A = -0.5;

  private final double support;

  Resampling(double support) {
    this.support = support;
  }

  /** Weight of a sample, before all weights are scaled to a sum of 1. */
  abstract double weight(double distance);

  private static double sinc(double x) {
    return x == 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
  }

  RgbImage resize(RgbImage image, int width, int height) {
    byte[] pixels = image.rgb();
    if (width != image.width()) {
      pixels =
          resizeRows(pixels, image.width(), image.height(), Weights.of(this, image.width(), width));
    }
    if (height != image.height()) {
      pixels = resizeColumns(pixels, width, Weights.of(this, image.height(), height));
    }
    return new RgbImage(width, height, pixels);
  }

  /**
   * Which input samples make up each output sample.
   *
   * @param first first input of each output
   * @param fixed fixed-point weights of the inputs from {@code first} on // [outputs][taps]
   */
  @SuppressWarnings("ArrayRecordComponent")
  private record Weights(int[] first, int[][] fixed) {

    static Weights of(Resampling filter, int inputs, int outputs) {
      double scale = (double) inputs / outputs;
      double widening = Math.max(1, scale);
      double support = filter.support * widening;
      int[] first = new int[outputs];
      int[][] fixed = new int[outputs][];
      for (int out = 0; out < outputs; out++) {
        double centre = (out + 0.5) * scale;
        int from = Math.max(0, (int) (centre - support + 0.5));
        int to = Math.min(inputs, (int) (centre + support + 0.5));
        double[] weights = new double[to - from];
        double sum = 0;
        for (int tap = 0; tap < weights.length; tap++) {
          weights[tap] = filter.weight((tap + from - centre + 0.5) * (1.0 / widening));
          sum += weights[tap];
        }
        first[out] = from;
        fixed[out] = toFixedPoint(weights, sum);
      }
      return new Weights(first, fixed);
    }

    private static int[] toFixedPoint(double[] weights, double sum) {
      int[] fixed = new int[weights.length];
      for (int tap = 0; tap < fixed.length; tap++) {
        double scaled = weights[tap] / sum * (1 << PRECISION_BITS);
        fixed[tap] = (int) (scaled + (weights[tap] < 0 ? -0.5 : 0.5));
      }
      return fixed;
    }
  }

  private static byte[] resizeRows(byte[] in, int inWidth, int height, Weights weights) {
    int width = weights.first.length;
    byte[] result = new byte[3 * width * height];
    int out = 0;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int[] taps = weights.fixed[x];
        int at = 3 * (y * inWidth + weights.first[x]);
        int red = 1 << (PRECISION_BITS - 1);
        int green = red;
        int blue = red;
        for (int tap : taps) {
          red += (in[at++] & 0xff) * tap;
          green += (in[at++] & 0xff) * tap;
          blue += (in[at++] & 0xff) * tap;
        }
        result[out++] = clip(red);
        result[out++] = clip(green);
        result[out++] = clip(blue);
      }
    }
    return result;
  }

  /** Adds up whole rows, so that memory is read in order. */
  private static byte[] resizeColumns(byte[] in, int width, Weights weights) {
    int height = weights.first.length;
    int stride = 3 * width;
    byte[] result = new byte[stride * height];
    int[] sums = new int[stride];
    for (int y = 0; y < height; y++) {
      Arrays.fill(sums, 1 << (PRECISION_BITS - 1));
      int at = stride * weights.first[y];
      for (int tap : weights.fixed[y]) {
        for (int i = 0; i < stride; i++) {
          sums[i] += (in[at + i] & 0xff) * tap;
        }
        at += stride;
      }
      for (int i = 0; i < stride; i++) {
        result[y * stride + i] = clip(sums[i]);
      }
    }
    return result;
  }

  private static byte clip(int sum) {
    return (byte) Math.clamp(sum >> PRECISION_BITS, 0, 255);
  }
}
