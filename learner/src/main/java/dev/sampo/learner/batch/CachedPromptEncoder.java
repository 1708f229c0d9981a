package dev.sampo.learner.batch;

import dev.sampo.learner.LearnerException;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.Prompt;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.image.ImageDecoder;
import dev.sampo.vlm.image.InvalidImageException;
import dev.sampo.vlm.prompt.VlmProcessor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Encodes prompts with the processor of a checkpoint. The patches of the images used last are kept,
 * by content, so that prompts about one image decode it once. Safe for several threads.
 */
public final class CachedPromptEncoder implements PromptEncoder {
  private final VlmProcessor processor;
  private final Function<ImageRef, Optional<byte[]>> images;
  private final Map<String, ImagePatches> patches;

  /**
   * Prepares an encoder.
   *
   * @param images where the encoded bytes of an image are; may block
   * @param numCached how many images to keep, the least recently used going first
   */
  public CachedPromptEncoder(
      VlmProcessor processor, Function<ImageRef, Optional<byte[]>> images, int numCached) {
    this.processor = processor;
    this.images = images;
    this.patches =
        new LinkedHashMap<>(16, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<String, ImagePatches> eldest) {
            return size() > numCached;
          }
        };
  }

  @Override
  public synchronized EncodedPrompt encode(Prompt prompt) {
    List<ImagePatches> encoded = new ArrayList<>();
    for (ImageRef image : prompt.images()) {
      ImagePatches cached = patches.get(image.sha256());
      ImagePatches taken = cached == null ? decode(prompt, image) : cached;
      patches.put(image.sha256(), taken);
      encoded.add(taken);
    }
    return processor.encodePatches(prompt.text(), encoded);
  }

  private ImagePatches decode(Prompt prompt, ImageRef image) {
    byte[] bytes =
        images
            .apply(image)
            .orElseThrow(() ->
                new LearnerException(
                    "%s: image %s is not here".formatted(prompt.source(), image.sha256())));
    try {
      return processor.imageProcessor().process(ImageDecoder.decode(bytes, image.sha256()));
    } catch (InvalidImageException e) {
      throw new LearnerException(prompt.source() + ": " + e.getMessage(), e);
    }
  }
}
