package dev.sampo.vlm.image;

/** Cuts squares out of a picture and normalises them. */
final class PatchCutter {
  private static final int CHANNELS = Normalisation.CHANNELS;

  private final float[][] levels; // [channels][256]
  private final int side;
  private final int frames;

  /**
   * @param side of a patch in pixels
   * @param frames how often a channel of a patch is repeated: a still picture stands for a film
   */
  PatchCutter(Normalisation normalisation, int side, int frames) {
    this.levels = normalisation.levels();
    this.side = side;
    this.frames = frames;
  }

  /** Values of one patch. */
  int patchLength() {
    return CHANNELS * frames * side * side;
  }

  /**
   * Writes one patch, ordered by channel, frame, row, column.
   *
   * @return where the next one goes
   */
  int cut(RgbImage image, int top, int left, float[] values, int at) {
    int frame = side * side;
    for (int channel = 0; channel < CHANNELS; channel++) {
      cutChannel(image, top, left, channel, values, at);
      for (int copy = 1; copy < frames; copy++) {
        System.arraycopy(values, at, values, at + copy * frame, frame);
      }
      at += frames * frame;
    }
    return at;
  }

  private void cutChannel(RgbImage image, int top, int left, int channel, float[] values, int out) {
    float[] normalised = levels[channel];
    byte[] rgb = image.rgb();
    for (int row = 0; row < side; row++) {
      int at = CHANNELS * ((top + row) * image.width() + left) + channel;
      for (int column = 0; column < side; column++) {
        values[out++] = normalised[rgb[at] & 0xff];
        at += CHANNELS;
      }
    }
  }
}
