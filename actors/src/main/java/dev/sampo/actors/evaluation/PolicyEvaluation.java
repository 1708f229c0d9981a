package dev.sampo.actors.evaluation;

import dev.sampo.config.RunConfig;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.ImageGrid;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.rollout.AnswerTokens;
import dev.sampo.rollout.Generator;
import dev.sampo.rollout.ImageGrids;
import dev.sampo.tasks.DataException;
import dev.sampo.tasks.eval.RecReport;
import dev.sampo.tasks.eval.RecVerdict;
import dev.sampo.tasks.rec.Box;
import dev.sampo.tasks.rec.RecAnswer;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.image.ImageDecoder;
import dev.sampo.vlm.image.RgbImage;
import dev.sampo.vlm.prompt.VlmProcessor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Asks a policy the questions of all splits, once for its most likely answer and once for a sampled
 * one. The questions and the seed are the same whenever it runs, so that two policies are compared
 * on equal terms.
 */
public final class PolicyEvaluation {
  /** Told after every finished pass over a split. */
  @FunctionalInterface
  public interface Progress {
    void answered(int done, int total);
  }

  /** Part of the seed of sampled answers, so that they are not the training's own draws. */
  private static final long EVALUATION_SEED = 0x6576616cL;

  private final RunConfig config;
  private final EvaluationSplits splits;

  public PolicyEvaluation(RunConfig config, EvaluationSplits splits) {
    this.config = config;
    this.splits = splits;
  }

  /** One split, asked one way. */
  private record Pass(String split, SamplingSettings sampling) {}

  /** What a pass found: the verdict on each answer, and the answers. */
  private record Answers(RecReport report, List<Answered> answered) {}

  /**
   * Measures a policy.
   *
   * @param model opens the policy; called once on every thread that evaluates
   * @param processor of the same checkpoint
   * @param progress called from those threads
   * @param isCalledOff asked from those threads between two questions, whether to leave off
   * @return the result of every split, in name order
   * @throws CancellationException if it was called off
   */
  public Map<String, SplitResult> measure(
      Supplier<VisionLanguageModel> model,
      VlmProcessor processor,
      Progress progress,
      BooleanSupplier isCalledOff) {
    List<Pass> passes = passes();
    Map<Pass, Answers> answers = new ConcurrentHashMap<>();
    AtomicInteger next = new AtomicInteger();
    int threads = Math.min(config.evaluation().threads(), passes.size());
    try (ExecutorService workers = Executors.newFixedThreadPool(Math.max(1, threads))) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        running.add(
            workers.submit(() -> {
              try (VisionLanguageModel policy = model.get()) {
                for (int j = next.getAndIncrement();
                    j < passes.size();
                    j = next.getAndIncrement()) {
                  answers.put(passes.get(j), ask(passes.get(j), policy, processor, isCalledOff));
                  progress.answered(answers.size(), passes.size());
                }
              }
            }));
      }
      running.forEach(PolicyEvaluation::await);
    }
    return bySplit(answers);
  }

  private List<Pass> passes() {
    return splits.prompts().keySet().stream()
        .flatMap(split -> Stream.of(new Pass(split, greedy()), new Pass(split, sampled())))
        .toList();
  }

  private SamplingSettings greedy() {
    return SamplingSettings.greedy(config.sampling().maxTokens());
  }

  private SamplingSettings sampled() {
    return SamplingSettings.atTemperature(
        config.evaluation().temperature(), config.sampling().maxTokens());
  }

  private Map<String, SplitResult> bySplit(Map<Pass, Answers> answers) {
    Map<String, SplitResult> results = new LinkedHashMap<>();
    for (String split : splits.prompts().keySet()) {
      Answers greedy = Objects.requireNonNull(answers.get(new Pass(split, greedy())));
      Answers sampled = Objects.requireNonNull(answers.get(new Pass(split, sampled())));
      results.put(split, new SplitResult(greedy.report, sampled.report, greedy.answered));
    }
    return results;
  }

  private Answers ask(
      Pass pass, VisionLanguageModel policy, VlmProcessor processor, BooleanSupplier isCalledOff) {
    List<Prompt> prompts = splits.prompts().getOrDefault(pass.split, List.of());
    List<List<ImageGrid>> grids = new ArrayList<>();
    Generator generator =
        new Generator(
            policy,
            AnswerTokens.of(processor),
            config.rollout().groupSize() * config.rollout().maxGroupsInFlight(),
            config.rollout().maxPromptTokens(),
            config.rollout().prefillTokens());
    Iterable<EncodedPrompt> encoded =
        () ->
            prompts.stream()
                .map(prompt -> {
                  if (isCalledOff.getAsBoolean()) {
                    throw new CancellationException("the evaluation was called off");
                  }
                  EncodedPrompt encoding = encode(prompt, processor);
                  grids.add(ImageGrids.of(encoding, policy.settings().boxFrame()));
                  return encoding;
                })
                .iterator();
    PolicyVersion version = new PolicyVersion("evaluation", 1, 0, "");
    List<Completion> completions =
        generator.generate(encoded, pass.sampling, config.run().seed() ^ EVALUATION_SEED, version);
    return judge(prompts, grids, completions);
  }

  private EncodedPrompt encode(Prompt prompt, VlmProcessor processor) {
    return processor.encode(prompt.text(), prompt.images().stream().map(this::decode).toList());
  }

  private RgbImage decode(ImageRef image) {
    byte[] bytes =
        splits
            .images()
            .find(image.sha256())
            .orElseThrow(() -> new DataException("image " + image.sha256() + " is gone"));
    return ImageDecoder.decode(bytes, image.sha256());
  }

  private static Answers judge(
      List<Prompt> prompts, List<List<ImageGrid>> grids, List<Completion> completions) {
    List<List<RecVerdict>> verdicts = new ArrayList<>();
    List<Answered> answered = new ArrayList<>();
    for (int i = 0; i < prompts.size(); i++) {
      Prompt prompt = prompts.get(i);
      List<ImageGrid> grid = grids.get(i);
      String text = completions.get(i).text();
      Optional<RecVerdict> verdict = RecVerdict.of(prompt, grid, text);
      if (verdict.isPresent()) { // else the row has no true box to compare with
        verdicts.add(List.of(verdict.get()));
        answered.add(
            new Answered(
                prompt,
                text,
                RecAnswer.predicted(text).map(box -> toOriginal(box, prompt, grid)),
                RecAnswer.reference(prompt.solution()).orElseThrow(),
                verdict.get().iou()));
      }
    }
    return new Answers(RecReport.of(verdicts), answered);
  }

  private static Box toOriginal(Box box, Prompt prompt, List<ImageGrid> grids) {
    ImageRef image = prompt.images().getFirst();
    return RecAnswer.toOriginal(box, image.width(), image.height(), grids.getFirst());
  }

  private static void await(Future<?> worker) {
    try {
      worker.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException("the evaluation failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("the evaluation was interrupted", e);
    }
  }
}
