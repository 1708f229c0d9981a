package dev.sampo.reward.pipeline;

import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.reward.RewardException;
import dev.sampo.reward.RewardFunction;
import dev.sampo.reward.RewardInput;
import dev.sampo.reward.RewardSettings;
import dev.sampo.reward.RewardSettings.WeightedReward;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Scores groups with the configured reward functions. Every (completion, function) is one {@link
 * Judgement} on the caller's executor: what one throws, or how long it takes, changes no other. A
 * judgement always ends, so a group always ends: as a score, as unscorable or as failed with the
 * reason.
 *
 * <p>Safe for several threads. The executor decides how many judgements run at a time; size it by
 * {@link RewardSettings#parallelism()}. A function that ignores interruption keeps its thread; when
 * no thread is left, judgements fail after the time that all of their group, and all that were to
 * be made before, may take together.
 */
public final class RewardPipeline {
  private final List<WeightedFunction> functions;
  private final RewardSettings settings;
  private final ExecutorService executor;
  private final AtomicInteger numPending = new AtomicInteger();

  private record WeightedFunction(RewardFunction function, double weight) {}

  /**
   * A pipeline of the functions that the settings name.
   *
   * @param executor runs the judgements and interrupts those that take too long; not closed here
   * @throws RewardException when the registry does not know a name
   */
  public RewardPipeline(
      RewardSettings settings, RewardRegistry registry, ExecutorService executor) {
    List<WeightedFunction> found = new ArrayList<>();
    for (WeightedReward reward : settings.functions()) {
      found.add(new WeightedFunction(registry.find(reward.name()), reward.weight()));
    }
    this.functions = List.copyOf(found);
    this.settings = settings;
    this.executor = executor;
  }

  /** Scores all completions of a group. The result never completes exceptionally. */
  public CompletableFuture<ScoredGroup> score(CompletionGroup group) {
    List<RewardInput> inputs = new ArrayList<>();
    for (int i = 0; i < group.completions().size(); i++) {
      inputs.add(RewardInput.of(group, i));
    }
    return score(inputs).thenApply(scores -> new ScoredGroup(group, scores));
  }

  /** Scores completions that need not come from a group; one score per input, in order. */
  public CompletableFuture<List<CompletionScore>> score(List<RewardInput> inputs) {
    int judgements = inputs.size() * functions.size();
    Duration patience = patience(numPending.addAndGet(judgements));
    List<List<CompletableFuture<RewardOutcome>>> pending = new ArrayList<>();
    for (RewardInput input : inputs) {
      List<CompletableFuture<RewardOutcome>> ofInput = new ArrayList<>();
      for (WeightedFunction weighted : functions) {
        Judgement judgement =
            new Judgement(
                weighted.function(), input, settings.timeout(), settings.attempts(), executor);
        ofInput.add(
            judgement
                .start(patience)
                .whenComplete((outcome, failure) -> numPending.decrementAndGet()));
      }
      pending.add(ofInput);
    }
    return CompletableFuture.allOf(
            pending.stream().flatMap(List::stream).toArray(CompletableFuture<?>[]::new))
        .thenApply(done -> pending.stream().map(this::combine).toList());
  }

  /** The weighted sum over the functions that gave a score; empty when none did. */
  private CompletionScore combine(List<CompletableFuture<RewardOutcome>> outcomes) {
    Map<String, RewardOutcome> byName = new LinkedHashMap<>();
    boolean anyScored = false;
    double total = 0;
    for (int f = 0; f < functions.size(); f++) {
      RewardOutcome outcome = outcomes.get(f).join();
      byName.put(functions.get(f).function().name(), outcome);
      if (outcome instanceof RewardOutcome.Scored(double value)) {
        anyScored = true;
        total += functions.get(f).weight() * value;
      }
    }
    boolean usable = anyScored && Double.isFinite(total);
    return new CompletionScore(byName, usable ? OptionalDouble.of(total) : OptionalDouble.empty());
  }

  /** The time that this many judgements may take when every attempt uses its time limit. */
  private Duration patience(int judgements) {
    long rounds = Math.ceilDiv(judgements, settings.parallelism()) + 1L;
    return settings.timeout().multipliedBy(settings.attempts() * rounds);
  }
}
