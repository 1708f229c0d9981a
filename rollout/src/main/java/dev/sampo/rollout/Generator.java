package dev.sampo.rollout;

import ai.djl.ndarray.NDManager;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import dev.sampo.vlm.VisionLanguageModel;
import java.util.Iterator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Answers lists of prompts, one completion each, at full batch: for evaluation and for trying a
 * model. Runs on the thread that owns the model.
 *
 * @param rows completions that decode together
 * @param maxPromptTokens longest prompt, image tokens included
 * @param prefillTokens see {@link RolloutSettings#prefillTokens}
 */
public record Generator(
    VisionLanguageModel model,
    AnswerTokens answers,
    int rows,
    int maxPromptTokens,
    int prefillTokens) {

  /**
   * One completion per prompt, in order. The same seed samples the same, whatever {@code rows} is.
   *
   * @param prompts encoded as they are needed, if the iterable makes them so
   * @param version what the model holds, for the completions' record
   * @throws IllegalArgumentException if a prompt is too long
   */
  public List<Completion> generate(
      Iterable<EncodedPrompt> prompts,
      SamplingSettings sampling,
      long seed,
      PolicyVersion version) {
    var capacity = new GenerationCache.Capacity(rows, 1, maxPromptTokens, sampling.maxTokens());
    SortedMap<Integer, Completion> done = new TreeMap<>();
    try (DecodeLoop<Integer> loop =
        new DecodeLoop<>(
            model.newCache(capacity),
            NDManager.newBaseManager(model.device()),
            answers,
            prefillTokens)) {
      Iterator<EncodedPrompt> waiting = prompts.iterator();
      int index = 0;
      while (waiting.hasNext() || !loop.isIdle()) {
        for (; waiting.hasNext() && loop.numFreeSlots() > 0; index++) {
          loop.admit(
              new DecodeLoop.Request<>(
                  index, waiting.next(), 1, sampling, Uniforms.seed(seed, index)));
        }
        loop.step(version)
            .forEach(finished -> done.put(finished.ticket(), finished.completions().getFirst()));
      }
    }
    return List.copyOf(done.values());
  }
}
