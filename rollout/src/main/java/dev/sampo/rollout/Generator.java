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
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntPredicate;

/**
 * Answers prompts, one completion each: lists at full batch, for evaluation, or one while it grows,
 * for trying a model. Runs on the thread that owns the model.
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
    SortedMap<Integer, Completion> done = new TreeMap<>();
    try (DecodeLoop<Integer> loop = newLoop(sampling)) {
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

  /**
   * Answers one prompt and tells of every token as soon as it is sampled. The answer is the one
   * that {@link #generate} gives to the first of its prompts.
   *
   * @param version what the model holds, for the completion's record
   * @param goesOn takes a token; false ends the answer early
   * @return the answer; empty if it was ended early
   * @throws IllegalArgumentException if the prompt is too long
   */
  public Optional<Completion> stream(
      EncodedPrompt prompt,
      SamplingSettings sampling,
      long seed,
      PolicyVersion version,
      IntPredicate goesOn) {
    AtomicBoolean ended = new AtomicBoolean();
    try (DecodeLoop<Integer> loop = newLoop(sampling)) {
      loop.admit(
          new DecodeLoop.Request<>(
              0,
              prompt,
              1,
              sampling,
              Uniforms.seed(seed, 0),
              (completion, token) -> ended.set(ended.get() || !goesOn.test(token))));
      while (!ended.get()) {
        List<DecodeLoop.Finished<Integer>> finished = loop.step(version);
        if (!finished.isEmpty() && !ended.get()) {
          return Optional.of(finished.getFirst().completions().getFirst());
        }
      }
    }
    return Optional.empty();
  }

  private DecodeLoop<Integer> newLoop(SamplingSettings sampling) {
    var capacity = new GenerationCache.Capacity(rows, 1, maxPromptTokens, sampling.maxTokens());
    return new DecodeLoop<>(
        model.newCache(capacity),
        NDManager.newBaseManager(model.device()),
        answers,
        prefillTokens,
        DecodeLoop.Batching.TOGETHER);
  }
}
