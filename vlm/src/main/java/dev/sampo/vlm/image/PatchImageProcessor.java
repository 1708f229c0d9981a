package dev.sampo.vlm.image;

import dev.sampo.vlm.ImagePatches;

/**
 * Turns pictures into patches as {@code Qwen2VLImageProcessor} of Transformers 4.57 does: one grid
 * per picture, its size close to the picture's own.
 *
 * <p>Resizing equals Pillow's. {@code Qwen2VLImageProcessorFast}, which {@code AutoProcessor} takes
 * if torchvision is there, resizes with it instead: 0.4 to 0.6 % of the 8-bit samples differ, by 1,
 * seldom 2.
 */
public final class PatchImageProcessor implements ImageProcessor {
  private static final int MAX_ASPECT_RATIO = 200;

  private final PatchSettings settings;
  private final PatchCutter cutter;

  public PatchImageProcessor(PatchSettings settings) {
    this.settings = settings;
    this.cutter =
        new PatchCutter(
            settings.normalisation(), settings.patchSize(), settings.temporalPatchSize());
  }

  @Override
  public ImagePatches process(RgbImage image) {
    PixelSize size = targetSize(image.width(), image.height());
    return cut(Resampling.BICUBIC.resize(image, size.width(), size.height()));
  }

  /**
   * Size that a picture is resized to: sides rounded to multiples of the factor, area within the
   * pixel bounds, ratio kept as well as that allows.
   *
   * @throws InvalidImageException if one side is over 200 times the other, or if resizing is off
   *     and a side is not a multiple of the factor
   */
  public PixelSize targetSize(int width, int height) {
    int factor = settings.factor();
    if (!settings.resize()) {
      if (width % factor != 0 || height % factor != 0) {
        throw new InvalidImageException(
            "image of %d x %d pixels: with do_resize false both sides must be multiples of %d"
                .formatted(width, height, factor));
      }
      return new PixelSize(width, height);
    }
    if ((long) Math.max(width, height) > (long) MAX_ASPECT_RATIO * Math.min(width, height)) {
      throw new InvalidImageException(
          "image of %d x %d pixels: one side is over %d times the other"
              .formatted(width, height, MAX_ASPECT_RATIO));
    }
    return smartSize(width, height);
  }

  private PixelSize smartSize(int width, int height) {
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
    return new PixelSize((int) roundedWidth, (int) roundedHeight);
  }

  /**
   * Cuts in the order of the merge windows: window row, window column, patch row and patch column
   * within the window.
   */
  private ImagePatches cut(RgbImage image) {
    int patch = settings.patchSize();
    int merge = settings.mergeSize();
    int rows = image.height() / patch;
    int columns = image.width() / patch;
    float[] values = new float[Math.multiplyExact(rows * columns, cutter.patchLength())];
    int out = 0;
    for (int windowRow = 0; windowRow < rows; windowRow += merge) {
      for (int windowColumn = 0; windowColumn < columns; windowColumn += merge) {
        for (int inWindow = 0; inWindow < merge * merge; inWindow++) {
          int top = (windowRow + inWindow / merge) * patch;
          int left = (windowColumn + inWindow % merge) * patch;
          out = cutter.cut(image, top, left, values, out);
        }
      }
    }
    return new ImagePatches(values, 1, rows, columns);
  }
}
