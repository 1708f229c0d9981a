package dev.sampo.bench;

import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.rollout.AnswerTokens;
import dev.sampo.rollout.GenerationEngine;
import dev.sampo.rollout.RolloutSettings;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.VisionLanguageModel;
import java.util.ArrayDeque;
import java.util.Queue;

/** Generation as in a run: each group that ends is replaced at once, so that slots stay full. */
final class RefilledGeneration implements AutoCloseable {
  private static final int STEPS = 150;

  private record Request(RolloutLease lease, EncodedPrompt prompt) {}

  private final Workload work;
  private final String name;
  private final VisionLanguageModel model;
  private final GenerationEngine engine;
  private final Queue<Request> requests = new ArrayDeque<>();

  /**
   * Opens a model of its own.
   *
   * @param deterministic whether groups pass the network one by one
   */
  RefilledGeneration(Workload work, int threads, boolean deterministic) {
    this.work = work;
    this.name =
        "generation, slots refilled as groups end" + (deterministic ? ", deterministic" : "");
    this.model = work.open();
    this.engine =
        new GenerationEngine(
            model,
            AnswerTokens.of(work.processor()),
            new RolloutSettings(
                Workload.GROUP_SIZE, Workload.GROUPS, 160, 4096, threads, deterministic),
            Workload.SAMPLING.maxTokens(),
            new PolicyVersion("benchmark", 1, 0, "0".repeat(64)),
            "benchmark");
  }

  /** Some steps; the prompts are encoded before the clock runs. */
  void measure(Results results) {
    while (requests.size() < STEPS * Workload.GROUPS / 20) {
      var encoder = work.encoder(Workload.GROUPS);
      work.nextLeases()
          .forEach(lease -> requests.add(new Request(lease, encoder.encode(lease.prompt()))));
    }
    long before = engine.numSampledTokens();
    Stopwatch watch = new Stopwatch();
    for (int step = 0; step < STEPS; step++) {
      while (engine.numFreeSlots() > 0) {
        Request next = requests.remove();
        engine.admit(next.lease(), next.prompt());
      }
      engine.step();
    }
    Stopwatch.Lap lap = watch.lap();
    double tokens = engine.numSampledTokens() - before;
    results.add(name, "tokens/s", tokens / lap.seconds());
    results.add(name + ", by CPU time", "tokens/CPU s", tokens / lap.cpuSeconds());
  }

  @Override
  public void close() {
    engine.close();
    model.close();
  }
}
