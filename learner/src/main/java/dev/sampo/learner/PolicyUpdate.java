package dev.sampo.learner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import dev.sampo.learner.advantage.Advantages;
import dev.sampo.learner.batch.BatchMetrics;
import dev.sampo.learner.batch.MicroBatch;
import dev.sampo.learner.batch.PromptEncoder;
import dev.sampo.learner.batch.TrainingBatch;
import dev.sampo.learner.objective.LossScale;
import dev.sampo.learner.objective.ObjectiveRows;
import dev.sampo.learner.objective.ObjectiveStatistics;
import dev.sampo.learner.objective.ObjectiveTerms;
import dev.sampo.learner.objective.PolicyObjective;
import dev.sampo.learner.objective.StepConstants;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.optimizer.LearningRateSchedule;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.vlm.BranchScores;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.TrainingPass;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.ops.NativeThreads;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Optimizer steps of a policy, driven in small pieces so that whoever drives stays responsive:
 *
 * <pre>
 *   idle --begin--> collecting --microBatch (once for each)--> collecting --finish--> idle
 * </pre>
 *
 * <p>One thread makes all calls. Gradients are recorded during a micro-batch only, which is when
 * the engine allows no other learner in the JVM, and add up from {@code begin} to {@code finish}.
 * Given the same weights, optimizer state, groups and packing, a step on one thread ends in the
 * same bits.
 */
public final class PolicyUpdate implements AutoCloseable {
  private final VisionLanguageModel policy;
  private final Optional<VisionLanguageModel> reference;
  private final LearnerSettings settings;
  private final LearningRateSchedule learningRates;
  private final long seed;
  private final PromptEncoder encoder;
  private final AdamW optimizer;
  private final PolicyObjective objective;
  private final Advantages advantages;
  private final NDManager manager;
  private @Nullable OpenStep open;

  /** What is known of a step between {@code begin} and {@code finish}. */
  private static final class OpenStep {
    private final TrainingBatch batch;
    private final PolicyVersion current;
    private final LossScale scale;
    private final Queue<MicroBatch> left;
    private final ObjectiveStatistics statistics;
    private final StepClock clock = new StepClock();
    private final Set<GroupId> notFinite = new LinkedHashSet<>();
    private double loss;

    OpenStep(TrainingBatch batch, PolicyVersion current, LearnerSettings settings) {
      this.batch = batch;
      this.current = current;
      this.scale = batch.scale(settings.objective().aggregation());
      this.left = new ArrayDeque<>(batch.microBatches());
      this.statistics = new ObjectiveStatistics(settings.objective());
    }
  }

  /**
   * Prepares to train a policy; the caller keeps owning both models.
   *
   * @param policy its trainable weights are those that {@code optimizer} holds
   * @param reference present exactly when {@code settings.objective().beta()} is above 0
   * @param totalSteps steps of the run, for the learning rate
   * @param seed of the run; decides what dropout drops
   */
  public PolicyUpdate(
      VisionLanguageModel policy,
      Optional<VisionLanguageModel> reference,
      AdamW optimizer,
      LearnerSettings settings,
      long totalSteps,
      long seed,
      PromptEncoder encoder) {
    if (reference.isPresent() != settings.objective().needsReference()) {
      throw new IllegalArgumentException(
          "there is a reference model exactly when beta is above 0, beta is "
              + settings.objective().kl().beta());
    }
    this.policy = policy;
    this.reference = reference;
    this.settings = settings;
    this.learningRates = settings.learningRates(totalSteps);
    this.seed = seed;
    this.encoder = encoder;
    this.optimizer = optimizer;
    this.objective = new PolicyObjective(settings.objective());
    this.advantages = settings.objective().advantages(Map.of());
    this.manager = NDManager.newBaseManager(policy.device());
  }

  /**
   * Opens a step.
   *
   * @param groups the groups to train on, in order
   * @param current the version of the policy as it is now; its step counts the steps taken
   * @return how often to call {@link #microBatch}
   */
  public int begin(List<ScoredGroup> groups, PolicyVersion current) {
    return begin(TrainingBatch.pack(groups, advantages, settings.microBatchTokens()), current);
  }

  /** As {@link #begin(List, PolicyVersion)}, with the packing of a recorded step. */
  public int begin(List<ScoredGroup> groups, List<Integer> packing, PolicyVersion current) {
    return begin(TrainingBatch.of(groups, advantages, packing), current);
  }

  private int begin(TrainingBatch batch, PolicyVersion current) {
    if (open != null) {
      throw new IllegalStateException("a step is open already");
    }
    if (current.step() != optimizer.numSteps()) {
      throw new IllegalStateException(
          "the policy is at step %d and its optimizer at step %d"
              .formatted(current.step(), optimizer.numSteps()));
    }
    NativeThreads.use(settings.threads());
    optimizer.zeroGradients();
    Gradients.seed(seed, current.step());
    open = new OpenStep(batch, current, settings);
    return batch.packing().size();
  }

  /**
   * Runs the next micro-batch forwards and backwards. After one whose loss is not finite the rest
   * of the step is not computed.
   *
   * @throws LearnerException if a prompt cannot be encoded; the step stays open, {@link #abandon}
   *     ends it
   */
  public void microBatch() {
    OpenStep step = requireOpen();
    MicroBatch batch = step.left.poll();
    if (batch == null) {
      throw new IllegalStateException("all micro-batches of the step have been run");
    }
    if (!step.notFinite.isEmpty()) {
      return;
    }
    PrefixTree tree = step.clock.time("encode", () -> batch.tree(encoder));
    double temperature = step.batch.temperature();
    try (NDManager scope = manager.newSubManager()) {
      Optional<NDArray> references =
          reference.map(model ->
              step.clock.time("reference", () -> model.score(tree, temperature, scope).logProbs()));
      var pass =
          new TrainingPass(
              temperature,
              settings.objective().needsEntropyGradients(),
              false,
              settings.microBatchTokens());
      MicroBatch.Rows rows = batch.rows(step.scale, step.current);
      step.clock.time(
          "network",
          () ->
              policy.backward(
                  tree,
                  pass,
                  (first, scores) -> {
                    int count = (int) scores.logProbs().getShape().get(0);
                    Optional<NDArray> block =
                        references.map(all -> all.get(new NDIndex("{}:{}", first, first + count)));
                    return loss(step, batch, first, rows.slice(first, count), scores, block);
                  }));
    }
  }

  /** Empty if it is not finite. */
  private Optional<NDArray> loss(
      OpenStep step,
      MicroBatch batch,
      int firstRow,
      MicroBatch.Rows rows,
      BranchScores scores,
      Optional<NDArray> references) {
    ObjectiveRows constants = arrays(rows, references, step.scale, scores.logProbs().getManager());
    ObjectiveTerms terms = objective.terms(scores.logProbs(), scores.entropies(), constants);
    float value = terms.loss().getFloat();
    step.loss += value;
    if (!Float.isFinite(value)) {
      float[] logProbs = scores.logProbs().toFloatArray();
      step.notFinite.addAll(culprits(batch, firstRow, rows, logProbs));
      return Optional.empty();
    }
    step.statistics.add(
        scores.logProbs(), scores.entropies(), constants, terms, rows.sameVersion());
    return Optional.of(terms.loss());
  }

  private ObjectiveRows arrays(
      MicroBatch.Rows rows, Optional<NDArray> reference, LossScale scale, NDManager scope) {
    Shape matrix = new Shape(rows.numRows(), rows.longest());
    Shape column = new Shape(rows.numRows(), 1);
    return new ObjectiveRows(
        scope.create(rows.behaviour(), matrix),
        Optional.empty(),
        reference,
        scope.create(rows.live(), matrix),
        scope.create(rows.lengths(), column),
        scope.create(rows.advantages(), column),
        scope.create(rows.weights(), column),
        new StepConstants(
            1,
            Double.NEGATIVE_INFINITY,
            scale.entropyWeight(settings.objective().entropy().bonus())));
  }

  /** The groups with a log-prob that is not finite, or all when there is none. */
  private static List<GroupId> culprits(
      MicroBatch batch, int firstRow, MicroBatch.Rows rows, float[] logProbs) {
    Set<GroupId> found = new LinkedHashSet<>();
    int row = -firstRow;
    for (MicroBatch.Member member : batch.members()) {
      int end = row + member.group().scores().size();
      int to = Math.min(end, rows.numRows()) * rows.longest();
      for (int i = Math.max(row, 0) * rows.longest(); i < to; i++) {
        if (rows.live()[i] && !Float.isFinite(logProbs[i] - rows.behaviour()[i])) {
          found.add(member.group().id());
        }
      }
      row = end;
    }
    return found.isEmpty() ? batch.ids() : List.copyOf(found);
  }

  /** Takes the step, unless loss or gradients are not finite, and closes it. */
  public StepResult finish() {
    OpenStep step = requireOpen();
    if (!step.left.isEmpty()) {
      throw new IllegalStateException(step.left.size() + " micro-batches have not been run");
    }
    abandon();
    SortedMap<String, Double> metrics = new TreeMap<>(BatchMetrics.of(step.batch));
    metrics.putAll(step.statistics.metrics());
    metrics.put("loss", step.loss);
    if (!step.notFinite.isEmpty()) {
      return new StepResult.Skipped("the loss is not finite", List.copyOf(step.notFinite), metrics);
    }
    double norm = optimizer.gradientNorm();
    metrics.put("grad_norm", norm);
    if (!Double.isFinite(norm)) {
      return new StepResult.Skipped("a gradient is not finite", step.batch.ids(), metrics);
    }
    double learningRate = learningRates.at(step.current.step());
    step.clock.time("optimizer", () -> optimizer.step(learningRate, norm));
    metrics.put("learning_rate", learningRate);
    long numSampled = numSampledTokens(step.batch);
    metrics.put("num_tokens", (double) (numPromptTokens(step.batch) + numSampled));
    metrics.put("num_sampled_tokens", (double) numSampled);
    metrics.putAll(step.clock.metrics());
    return new StepResult.Taken(
        optimizer.numSteps(), learningRate, step.batch.ids(), step.batch.packing(), metrics);
  }

  private static long numPromptTokens(TrainingBatch batch) {
    return batch.groups().stream().mapToLong(group -> group.group().promptTokens().length()).sum();
  }

  private static long numSampledTokens(TrainingBatch batch) {
    return batch.groups().stream().mapToLong(group -> group.group().numSampledTokens()).sum();
  }

  /** Closes the open step, if there is one, without changing the weights. */
  public void abandon() {
    open = null;
  }

  /**
   * What the policy thinks now of the completions of a group, outside a step; to compare with what
   * a rollout worker reported.
   *
   * @return log-probs of each completion, one per token
   */
  public List<float[]> logProbs(CompletionGroup group) {
    if (open != null) {
      throw new IllegalStateException("a step is open");
    }
    PrefixTree tree =
        new PrefixTree(
            List.of(
                new PrefixTree.Group(
                    encoder.encode(group.prompt()),
                    group.completions().stream().map(c -> c.tokens().toArray()).toList())));
    try (NDManager scope = manager.newSubManager()) {
      float[] all =
          policy.score(tree, group.sampling().temperature(), scope).logProbs().toFloatArray();
      List<float[]> result = new ArrayList<>();
      int longest = tree.maxBranchLength();
      for (int row = 0; row < group.completions().size(); row++) {
        int length = group.completions().get(row).tokens().length();
        result.add(Arrays.copyOfRange(all, row * longest, row * longest + length));
      }
      return result;
    }
  }

  private OpenStep requireOpen() {
    if (open == null) {
      throw new IllegalStateException("no step is open");
    }
    return open;
  }

  /** Abandons an open step. */
  @Override
  public void close() {
    abandon();
    manager.close();
  }
}
