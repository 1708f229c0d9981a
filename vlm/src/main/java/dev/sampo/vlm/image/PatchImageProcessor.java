package dev.sampo.vlm.image;

import dev.sampo.vlm.ImagePatches;

/**
 * Turns pictures into patches as {@code Qwen2VLImageProcessor} of Transformers 4.57 does: one grid
 * per picture, its size close to the picture's own.
 */
public final class PatchImageProcessor implements ImageProcessor {
  private static final int CHANNELS = 3;
  private static final int MAX_ASPECT_RATIO = 200;

  private final PatchSettings settings;

  /** Value of each 8-bit sample after scaling and normalisation // [channels][256] */
  private final float[][] normalised = new float[CHANNELS][256];

  public PatchImageProcessor(PatchSettings settings) {
    this.settings = settings;
    for (int channel = 0; channel < CHANNELS; channel++) {
      float mean = settings.mean().get(channel).floatValue();
      float std = settings.std().get(channel).floatValue();
      for (int level = 0; level < 256; level++) {
        normalised[channel][level] = ((float) (level * settings.scale()) - mean) / std;
      }
    }
  }

  @Override
  public ImagePatches process(RgbImage image) {
    Size size = targetSize(image.width(), image.height());
    return cut(BicubicResampling.resize(image, size.width(), size.height()));
  }

  /** Width and height in pixels. */
  public record Size(int width, int height) {}

  /**
   * Size that a picture is resized to: sides rounded to multiples of the factor, area within the
   * pixel bounds, ratio kept as well as that allows.
   *
   * @throws InvalidImageException if one side is over 200 times the other, or if resizing is off
   *     and a side is not a multiple of the factor
   */
  public Size targetSize(int width, int height) {
    int factor = settings.factor();
    if (!settings.resize()) {
      if (width % factor != 0 || height % factor != 0) {
        throw new InvalidImageException(
            "image of %d x %d pixels: with do_resize false both sides must be multiples of %d"
                .formatted(width, height, factor));
      }
      return new Size(width, height);
    }
    if ((long) Math.max(width, height) > (long) MAX_ASPECT_RATIO * Math.min(width, height)) {
      throw new InvalidImageException(
          "image of %d x %d pixels: one side is over %d times the other"
              .formatted(width, height, MAX_ASPECT_RATIO));
    }
    return smartSize(width, height);
  }

  private Size smartSize(int width, int height) {
    double factor = settings.factor();
    double area = (double) width * height;
    double roundedWidth = Math.rint(width / factor) * factor;
    double roundedHeight = Math.rint(height / factor) * factor;
    if (roundedWidth * roundedHeight > settings.maxPixels()) {
      double shrink = Math.sqrt(area / settings.maxPixels());
      roundedWidth = Math.max(factor, Math.floor(width / shrink / factor) * factor);
      roundedHeight = Math.max(factor, Math.floor(height / shrink / factor) * factor);
    } else if (roundedWidth * roundedHeight < settings.minPixels()) {
      double grow = Math.sqrt(settings.minPixels() / area);
      roundedWidth = Math.ceil(width * grow / factor) * factor;
      roundedHeight = Math.ceil(height * grow / factor) * factor;
    }
    return new Size((int) roundedWidth, (int) roundedHeight);
  }

  /**
   * Cuts in the order of the merge windows: window row, window column, patch row and patch column
   * within the window. A patch holds channel, frame, row, column; its frames are equal.
   */
  private ImagePatches cut(RgbImage image) {
    int patch = settings.patchSize();
    int merge = settings.mergeSize();
    int rows = image.height() / patch;
    int columns = image.width() / patch;
    int frame = patch * patch;
    int frames = settings.temporalPatchSize();
    float[] values = new float[Math.multiplyExact(rows * columns, CHANNELS * frames * frame)];
    int out = 0;
    for (int windowRow = 0; windowRow < rows; windowRow += merge) {
      for (int windowColumn = 0; windowColumn < columns; windowColumn += merge) {
        for (int inWindow = 0; inWindow < merge * merge; inWindow++) {
          int top = (windowRow + inWindow / merge) * patch;
          int left = (windowColumn + inWindow % merge) * patch;
          for (int channel = 0; channel < CHANNELS; channel++) {
            copyPatch(image, top, left, channel, values, out);
            for (int copy = 1; copy < frames; copy++) {
              System.arraycopy(values, out, values, out + copy * frame, frame);
            }
            out += frames * frame;
          }
        }
      }
    }
    return new ImagePatches(values, 1, rows, columns);
  }

  private void copyPatch(RgbImage image, int top, int left, int channel, float[] values, int out) {
    int patch = settings.patchSize();
    float[] levels = normalised[channel];
    byte[] rgb = image.rgb();
    for (int row = 0; row < patch; row++) {
      int at = CHANNELS * ((top + row) * image.width() + left) + channel;
      for (int column = 0; column < patch; column++) {
        values[out++] = levels[rgb[at] & 0xff];
        at += CHANNELS;
      }
    }
  }
}
