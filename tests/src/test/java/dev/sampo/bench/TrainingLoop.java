package dev.sampo.bench;

import dev.sampo.learner.LearnerSettings;
import dev.sampo.learner.PolicyUpdate;
import dev.sampo.learner.ReferencePolicy;
import dev.sampo.learner.ReferenceSettings;
import dev.sampo.learner.StepResult;
import dev.sampo.learner.objective.KlSettings;
import dev.sampo.learner.objective.ObjectivePreset;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.optimizer.ScheduleShape;
import dev.sampo.learner.weights.PublishedWeights;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.protocol.WeightShard;
import dev.sampo.reward.RewardSettings;
import dev.sampo.reward.pipeline.RewardPipeline;
import dev.sampo.reward.pipeline.RewardRegistry;
import dev.sampo.rollout.AnswerTokens;
import dev.sampo.rollout.GenerationEngine;
import dev.sampo.rollout.RolloutSettings;
import dev.sampo.rollout.WeightInstaller;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.weights.transfer.WeightSnapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The parts of reinforcement learning, one after the other on one thread: prepare prompts, generate
 * groups, score them, take an optimizer step, publish the weights and install them again.
 */
final class TrainingLoop implements AutoCloseable {
  private static final long STEPS = 1_000_000; // more than are taken: the learning rate is constant
  private static final long SHARD_BYTES = 64L << 20;

  private final Workload work;
  private final ModelFlops flops;
  private final VisionLanguageModel rollout;
  private final VisionLanguageModel policy;
  private final GenerationEngine engine;
  private final AdamW optimizer;
  private final PolicyUpdate update;
  private final ExecutorService judges =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
  private final RewardPipeline rewards;
  private final PublishedWeights published;
  private final WeightInstaller installer;

  /**
   * Opens both copies of the policy.
   *
   * @param folder for published weights
   */
  TrainingLoop(Workload work, Path folder, int threads) throws IOException {
    this.work = work;
    this.flops = work.flops();
    this.rollout = work.open();
    this.policy = work.open();
    LearnerSettings settings = learnerSettings(threads);
    this.optimizer = new AdamW(policy.parameters(), settings.optimizer());
    // One image is kept: in a run, too, a question's image is new to the learner.
    this.update =
        new PolicyUpdate(
            policy,
            ReferencePolicy.none(),
            optimizer,
            settings,
            new PolicyUpdate.Run(STEPS, 1, Map.of()),
            work.encoder(1));
    WeightSnapshot start = WeightSnapshot.of(policy.parameters());
    PolicyVersion version = version(start);
    this.engine =
        new GenerationEngine(
            rollout,
            AnswerTokens.of(work.processor()),
            new RolloutSettings(Workload.GROUP_SIZE, Workload.GROUPS, 160, 4096, threads, false),
            Workload.SAMPLING.maxTokens(),
            version,
            "benchmark");
    this.installer = new WeightInstaller(engine, start);
    this.published = new PublishedWeights(folder, SHARD_BYTES, 2);
    published.publish(version, start);
    this.rewards =
        new RewardPipeline(
            new RewardSettings(
                List.of(
                    new RewardSettings.WeightedReward("iou", 1),
                    new RewardSettings.WeightedReward("rec-format", 1)),
                Duration.ofMinutes(1),
                1,
                1),
            RewardRegistry.standard(),
            judges);
  }

  /** As in {@code conf/quickstart.conf}. */
  private static LearnerSettings learnerSettings(int threads) {
    return new LearnerSettings(
        Workload.GROUPS,
        0,
        1,
        0,
        2e-4,
        ScheduleShape.CONSTANT,
        5,
        0,
        0,
        0.9,
        0.99,
        1e-8,
        1,
        8192,
        false,
        8192,
        threads,
        ReferenceSettings.FIXED,
        ObjectivePreset.GRPO.settings().withKl(KlSettings.none()));
  }

  private PolicyVersion version(WeightSnapshot weights) {
    return new PolicyVersion("benchmark", 1, optimizer.numSteps(), weights.sha256());
  }

  /** Goes round once. */
  void measure(Results results) {
    List<RolloutLease> leases = work.nextLeases();
    Stopwatch watch = new Stopwatch();
    var encoder = work.encoder(Workload.GROUPS);
    List<EncodedPrompt> prompts =
        leases.stream().map(lease -> encoder.encode(lease.prompt())).toList();
    results.add(
        "prompts: decode, resize, cut, tokenize",
        "prompts/s",
        prompts.size() / watch.lap().seconds());

    List<CompletionGroup> groups = generate(leases, prompts, results);

    watch.lap();
    List<ScoredGroup> scored = groups.stream().map(group -> rewards.score(group).join()).toList();
    results.add(
        "rewards: iou and format", "completions/s", numCompletions(groups) / watch.lap().seconds());

    learn(scored, byGroup(leases, prompts), results);
    publish(results);
  }

  private static double numCompletions(List<CompletionGroup> groups) {
    return groups.stream().mapToInt(group -> group.completions().size()).sum();
  }

  private static Map<Long, EncodedPrompt> byGroup(
      List<RolloutLease> leases, List<EncodedPrompt> prompts) {
    Map<Long, EncodedPrompt> byGroup = new HashMap<>();
    for (int i = 0; i < leases.size(); i++) {
      byGroup.put(leases.get(i).id().group().value(), prompts.get(i));
    }
    return byGroup;
  }

  /** All groups together, until the last row has ended; the batch gets smaller towards the end. */
  private List<CompletionGroup> generate(
      List<RolloutLease> leases, List<EncodedPrompt> prompts, Results results) {
    for (int i = 0; i < leases.size(); i++) {
      engine.admit(leases.get(i), prompts.get(i));
    }
    long before = engine.numSampledTokens();
    Stopwatch watch = new Stopwatch();
    // The first step takes all prompts in and samples the first token of every row.
    List<CompletionGroup> groups = new ArrayList<>(engine.step());
    Stopwatch.Lap prefill = watch.lap();
    long first = engine.numSampledTokens() - before;
    int steps = 0;
    for (; !engine.isIdle(); steps++) {
      groups.addAll(engine.step());
    }
    Stopwatch.Lap decode = watch.lap();
    long tokens = engine.numSampledTokens() - before;
    results.add(
        "generation, with prefill", "tokens/s", tokens / (prefill.seconds() + decode.seconds()));
    results.add("generation, decode steps alone", "tokens/s", (tokens - first) / decode.seconds());
    results.add("generation: prefill of 32 prompts", "s", prefill.seconds());
    results.add("generation: one decode step", "ms", 1e3 * decode.seconds() / steps);
    results.add("generation: sampled tokens", "tokens", (double) tokens);
    results.add("generation: mean prompt", "tokens", meanLength(prompts));
    results.add("floor: prefill of 32 prompts", "GFLOP", prefillFlops(prompts) / 1e9);
    results.add("floor: decode steps of 32 groups", "GFLOP", decodeFlops(groups) / 1e9);
    results.add("rate: prefill", "GFLOP/CPU s", prefillFlops(prompts) / 1e9 / prefill.cpuSeconds());
    results.add("rate: decode", "GFLOP/CPU s", decodeFlops(groups) / 1e9 / decode.cpuSeconds());
    return groups;
  }

  private static double meanLength(List<EncodedPrompt> prompts) {
    return prompts.stream().mapToInt(EncodedPrompt::length).average().orElseThrow();
  }

  private double prefillFlops(List<EncodedPrompt> prompts) {
    double text = prompts.stream().mapToLong(prompt -> flops.prompt(prompt.length())).sum();
    // Questions about one image share its patches, which pass the tower once.
    double images =
        prompts.stream()
            .flatMap(prompt -> prompt.images().stream())
            .map(ImagePatches::values)
            .distinct()
            .count();
    return text + images * flops.vision().image(prompts.getFirst().images().getFirst());
  }

  private double decodeFlops(List<CompletionGroup> groups) {
    double sum = 0;
    for (CompletionGroup group : groups) {
      for (var completion : group.completions()) {
        sum += flops.completion(group.promptTokens().length(), completion.tokens().length());
      }
    }
    return sum;
  }

  private void learn(List<ScoredGroup> groups, Map<Long, EncodedPrompt> encoded, Results results) {
    List<CompletionGroup> trained = groups.stream().map(ScoredGroup::group).toList();
    List<EncodedPrompt> prompts =
        groups.stream()
            .map(group -> Objects.requireNonNull(encoded.get(group.id().value())))
            .toList();
    double completionTokens = trained.stream().mapToInt(CompletionGroup::numSampledTokens).sum();

    Stopwatch watch = new Stopwatch();
    int microBatches = update.begin(groups, engine.version());
    for (int i = 0; i < microBatches; i++) {
      update.microBatch();
    }
    StepResult result = update.finish();
    Stopwatch.Lap lap = watch.lap();
    double seconds = lap.seconds();

    SortedMap<String, Double> metrics = taken(result).metrics();
    results.add("learner step", "s", seconds);
    double phases = 0;
    for (String phase : List.of("encode", "network", "optimizer")) {
      double time = metrics.getOrDefault("time/" + phase, 0.0);
      phases += time;
      results.add("learner step: " + phase, "s", time);
    }
    results.add("learner step: loss, statistics and the rest", "s", seconds - phases);
    results.add("learner, completion tokens", "tokens/s", completionTokens / seconds);
    results.add(
        "learner, prompts counted once too",
        "tokens/s",
        metrics.getOrDefault("num_tokens", 0.0) / seconds);
    results.add(
        "learner, completion tokens, by CPU time",
        "tokens/CPU s",
        completionTokens / lap.cpuSeconds());
    results.add("learner: micro-batches of a step", "", microBatches);
    // Backwards every matrix product costs two: one for its input, one for its weight.
    double work = 3 * (prefillFlops(prompts) + decodeFlops(trained));
    results.add("floor: learner step", "GFLOP", work / 1e9);
    results.add("rate: learner step", "GFLOP/CPU s", work / 1e9 / lap.cpuSeconds());
  }

  private static StepResult.Taken taken(StepResult result) {
    return switch (result) {
      case StepResult.Taken taken -> taken;
      case StepResult.Skipped skipped -> throw new IllegalStateException(skipped.reason());
    };
  }

  private void publish(Results results) {
    Stopwatch watch = new Stopwatch();
    WeightSnapshot weights = WeightSnapshot.of(policy.parameters());
    PolicyVersion version = version(weights);
    WeightDelta delta = published.publish(version, weights);
    results.add("weights: copy, hash, write the delta", "ms", 1e3 * watch.lap().seconds());
    WeightInstaller.Update read = installer.prepare(delta, published.folder(version));
    results.add("weights: read and check the delta", "ms", 1e3 * watch.lap().seconds());
    installer.install(read);
    results.add("weights: install between two decode steps", "ms", 1e3 * watch.lap().seconds());
    results.add(
        "weights: size of the delta",
        "MB",
        delta.shards().stream().mapToLong(WeightShard::numBytes).sum() / 1e6);
  }

  @Override
  public void close() {
    judges.shutdownNow();
    engine.close();
    update.close();
    optimizer.close();
    rollout.close();
    policy.close();
  }
}
