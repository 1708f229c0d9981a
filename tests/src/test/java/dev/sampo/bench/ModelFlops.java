package dev.sampo.bench;

import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.decoder.DecoderSettings;
import dev.sampo.vlm.qwen.QwenVisionSettings;

/**
 * Floating point operations of the matrix products that a forward pass cannot do without, from the
 * shape of the model: two per multiply-add, no padding, attention over the places that are seen,
 * and in the last layer keys and values alone for prompt tokens that nothing is predicted from.
 * Norms, activations, softmax and rotations are not counted.
 */
record ModelFlops(DecoderSettings decoder, QwenVisionSettings vision) {

  /** The vision tower on one image. */
  long image(ImagePatches image) {
    QwenVisionSettings v = vision;
    long n = image.numPatches();
    long width = v.hiddenSize();
    long merged = v.patchesPerUnit() * width;
    long units = n / v.patchesPerUnit();
    long block = n * (8 * width * width + 6 * width * v.intermediateSize());
    long full = v.fullAttentionBlocks().size();
    long pairs = full * n * n + (v.depth() - full) * pairsInWindows(image);
    return 2 * n * v.patchValues() * width
        + v.depth() * block
        + 4 * width * pairs
        + units * (2 * merged * merged + 2 * merged * v.outHiddenSize());
  }

  private long pairsInWindows(ImagePatches image) {
    QwenVisionSettings v = vision;
    int side = v.unitsPerWindow() * v.mergeSize();
    long pairs = 0;
    for (int top = 0; top < image.height(); top += side) {
      for (int left = 0; left < image.width(); left += side) {
        long patches =
            (long) Math.min(side, image.height() - top) * Math.min(side, image.width() - left);
        pairs += patches * patches;
      }
    }
    return pairs * image.temporal();
  }

  /** A prompt of {@code length} tokens and the logits after it, without its images. */
  long prompt(long length) {
    DecoderSettings t = decoder;
    long inner = length * layerToken() + attention(length * (length + 1) / 2);
    long last = length * keysAndValues() + layerToken() - keysAndValues() + attention(length);
    return (t.numLayers() - 1) * inner + last + head();
  }

  /** One token that sees {@code context} places, itself included, and the logits after it. */
  long token(long context) {
    return decoder.numLayers() * (layerToken() + attention(context)) + head();
  }

  /** The tokens after a prompt whose logits are needed: all but the last of a completion. */
  long completion(long promptLength, long length) {
    long flops = 0;
    for (long i = 1; i < length; i++) {
      flops += token(promptLength + i);
    }
    return flops;
  }

  private long layerToken() {
    DecoderSettings t = decoder;
    long width = t.hiddenSize();
    return 4 * width * width + keysAndValues() + 6 * width * t.intermediateSize();
  }

  private long keysAndValues() {
    DecoderSettings t = decoder;
    return 4L * t.hiddenSize() * t.numKeyValueHeads() * t.headSize();
  }

  private long attention(long pairs) {
    return 4L * decoder.hiddenSize() * pairs;
  }

  private long head() {
    return 2L * decoder.hiddenSize() * decoder.vocabularySize();
  }
}
