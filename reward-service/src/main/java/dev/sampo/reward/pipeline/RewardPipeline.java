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
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * Scores groups with the configured reward functions. Every (completion, function) is one {@link
 * Judgement} on the caller's executor: what one throws, or how long it takes, changes no other. A
 * judgement always ends, so a group always ends: as a score, as unscorable or as failed with the
 * reason. Of a failure it is found out at once whether the function works elsewhere, that is on an
 * input of the group that it scored last without a failure: then it will fail on this completion
 * again, or else it is out of order. A function that answers some inputs by itself may pass while
 * the service is away that it asks about others; so one that lost its connection is not tried.
 *
 * <p>Safe for several threads. The executor decides how many judgements run at a time; size it by
 * {@link RewardSettings#parallelism()}. A function that ignores interruption keeps its thread; when
 * no thread is left, judgements fail after the time that all of their group, and all that were to
 * be made before, may take together.
 */
public final class RewardPipeline {
  private final List<FunctionInUse> functions;
  private final RewardSettings settings;
  private final ExecutorService executor;
  private final AtomicInteger numPending = new AtomicInteger();

  private static final class FunctionInUse {
    private final RewardFunction function;
    private final double weight;
    private volatile Optional<RewardInput> known = Optional.empty(); // it scored that

    private FunctionInUse(RewardFunction function, double weight) {
      this.function = function;
      this.weight = weight;
    }
  }

  /**
   * A pipeline of the functions that the settings name.
   *
   * @param executor runs the judgements and interrupts those that take too long; not closed here
   * @throws RewardException when the registry does not know a name
   */
  public RewardPipeline(
      RewardSettings settings, RewardRegistry registry, ExecutorService executor) {
    List<FunctionInUse> found = new ArrayList<>();
    for (WeightedReward reward : settings.functions()) {
      found.add(new FunctionInUse(registry.find(reward.name()), reward.weight()));
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
    Duration patience = patience(numPending.addAndGet(inputs.size() * functions.size()));
    return inOrder(functions.stream().map(used -> judge(used, inputs, patience)).toList())
        .thenApply(byFunction ->
            IntStream.range(0, inputs.size()).mapToObj(i -> combine(byFunction, i)).toList());
  }

  /** What one function says of every input, in order. */
  private CompletableFuture<List<RewardOutcome>> judge(
      FunctionInUse used, List<RewardInput> inputs, Duration patience) {
    List<Judgement> judgements = inputs.stream().map(input -> judgement(used, input)).toList();
    return inOrder(judgements.stream().map(judgement -> ended(judgement, patience)).toList())
        .thenCompose(outcomes -> {
          if (outcomes.stream().anyMatch(RewardOutcome.Failed.class::isInstance)) {
            return judgements.stream().allMatch(Judgement::hadConnection)
                ? examineFailures(used, outcomes)
                : CompletableFuture.completedFuture(outcomes);
          }
          IntStream.range(0, inputs.size())
              .filter(i -> outcomes.get(i) instanceof RewardOutcome.Scored)
              .findFirst()
              .ifPresent(i -> used.known = Optional.of(inputs.get(i)));
          return CompletableFuture.completedFuture(outcomes);
        });
  }

  private Judgement judgement(FunctionInUse used, RewardInput input) {
    return new Judgement(used.function, input, settings.timeout(), settings.attempts(), executor);
  }

  private CompletableFuture<RewardOutcome> ended(Judgement judgement, Duration patience) {
    return judgement
        .start(patience)
        .whenComplete((outcome, failure) -> numPending.decrementAndGet());
  }

  /** A function that failed is asked once more about what it has scored: does it still work? */
  private CompletableFuture<List<RewardOutcome>> examineFailures(
      FunctionInUse used, List<RewardOutcome> outcomes) {
    Optional<RewardInput> known = used.known;
    if (known.isEmpty()) {
      return CompletableFuture.completedFuture(outcomes);
    }
    return ended(judgement(used, known.get()), patience(numPending.incrementAndGet()))
        .thenApply(again -> {
          boolean works = again instanceof RewardOutcome.Scored;
          return outcomes.stream().map(outcome -> examined(outcome, works)).toList();
        });
  }

  private static RewardOutcome examined(RewardOutcome outcome, boolean worksElsewhere) {
    return outcome instanceof RewardOutcome.Failed(String reason, boolean _)
        ? new RewardOutcome.Failed(reason, worksElsewhere)
        : outcome;
  }

  /**
   * The weighted sum over the functions that gave a score; empty when none did. A sum that lacks
   * what a function failed to say would be another reward, so there is none; what has weight 0
   * lacks nowhere.
   */
  private CompletionScore combine(List<List<RewardOutcome>> byFunction, int completion) {
    Map<String, RewardOutcome> byName = new LinkedHashMap<>();
    boolean anyScored = false;
    boolean isWhole = true;
    double total = 0;
    for (int f = 0; f < functions.size(); f++) {
      FunctionInUse used = functions.get(f);
      RewardOutcome outcome = byFunction.get(f).get(completion);
      byName.put(used.function.name(), outcome);
      switch (outcome) {
        case RewardOutcome.Scored(double value) -> {
          anyScored = true;
          total += used.weight * value;
        }
        case RewardOutcome.Failed _ -> isWhole &= used.weight == 0;
        case RewardOutcome.Unscorable _ -> {}
      }
    }
    boolean usable = anyScored && isWhole && Double.isFinite(total);
    return new CompletionScore(byName, usable ? OptionalDouble.of(total) : OptionalDouble.empty());
  }

  private static <T> CompletableFuture<List<T>> inOrder(List<CompletableFuture<T>> pending) {
    return CompletableFuture.allOf(pending.toArray(CompletableFuture<?>[]::new))
        .thenApply(done -> pending.stream().map(CompletableFuture::join).toList());
  }

  /** The time that this many judgements may take when every attempt uses its time limit. */
  private Duration patience(int judgements) {
    long rounds = Math.ceilDiv(judgements, settings.parallelism()) + 1L;
    return settings.timeout().multipliedBy(settings.attempts() * rounds);
  }
}
