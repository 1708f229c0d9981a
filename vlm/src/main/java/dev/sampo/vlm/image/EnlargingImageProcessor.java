package dev.sampo.vlm.image;

import dev.sampo.vlm.ImagePatches;

/**
 * Enlarges small pictures, each by itself, before the model's own processor gets them: with
 * Pillow's Lanczos filter, as VLM-R1 does.
 *
 * @param limits say how large they become
 * @param processor what the model does with pictures
 */
record EnlargingImageProcessor(ImageLimits limits, ImageProcessor processor)
    implements ImageProcessor {
  @Override
  public ImagePatches process(RgbImage image) {
    PixelSize size = limits.enlarged(new PixelSize(image.width(), image.height()));
    return processor.process(Resampling.LANCZOS.resize(image, size.width(), size.height()));
  }
}
