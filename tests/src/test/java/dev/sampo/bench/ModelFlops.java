package dev.sampo.bench;

import dev.sampo.vlm.decoder.DecoderSettings;
import dev.sampo.vlm.family.ModelFamilies;
import dev.sampo.vlm.family.ModelFolder;

/**
 * Floating point operations of the matrix products that a forward pass cannot do without, from the
 * shape of the model: two per multiply-add, no padding, attention over the places that are seen,
 * and in the last layer keys and values alone for prompt tokens that nothing is predicted from.
 * Norms, activations, softmax and rotations are not counted.
 */
record ModelFlops(DecoderSettings decoder, VisionFlops vision) {

  /** Of the model of a folder. */
  static ModelFlops of(ModelFolder folder) {
    return new ModelFlops(
        ModelFamilies.of(folder).architecture(folder).decoder(), VisionFlops.of(folder));
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
