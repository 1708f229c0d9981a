package dev.sampo.learner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.sampo.learner.batch.MicroBatch;
import dev.sampo.learner.objective.Divergence;
import dev.sampo.learner.objective.KlSettings;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.GroupId;
import dev.sampo.vlm.BranchScores;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What {@code kl.place = reward} takes from the rewards of a batch: {@code beta} times the sum over
 * the tokens of a completion of the estimate, with the log-probs that were reported when it was
 * sampled. So do TRL's RLOO trainer and verl's {@code use_kl_in_reward}, with the log-probs of the
 * learner before its updates in their place.
 */
final class RewardDivergence {
  private final KlSettings settings;
  private final Map<GroupId, double[]> penalties = new HashMap<>();
  private long numCompletions;
  private long numTokens;
  private double sum;
  private double sumOfMeans;

  RewardDivergence(KlSettings settings) {
    this.settings = settings;
  }

  /**
   * Adds some groups.
   *
   * @param batch with a row for every completion that counts
   * @param reference what the reference policy says of these rows
   */
  void add(MicroBatch batch, BranchScores reference) {
    NDArray scores = reference.logProbs(); // [R, C]
    List<Completion> rows = new ArrayList<>();
    for (MicroBatch.Member member : batch.members()) {
      member.liveCompletions().forEach(i -> rows.add(member.completion(i)));
    }
    Shape shape = scores.getShape();
    int columns = (int) shape.get(1);
    float[] sampling = new float[rows.size() * columns];
    for (int row = 0; row < rows.size(); row++) {
      float[] reported = rows.get(row).logProbs().toArray();
      System.arraycopy(reported, 0, sampling, row * columns, reported.length);
    }
    NDManager scope = scores.getManager();
    double[] sums =
        new Divergence(settings)
            .sums(scope.create(sampling, shape), scores, reference.mask().gt(0));
    int row = 0;
    for (MicroBatch.Member member : batch.members()) {
      double[] penalty = new double[member.advantages().uses().size()];
      for (int i : member.liveCompletions()) {
        penalty[i] = settings.beta() * sums[row];
        count(sums[row], member.completion(i).tokens().length());
        row++;
      }
      penalties.put(member.group().id(), penalty);
    }
  }

  private void count(double divergence, int length) {
    numCompletions++;
    numTokens += length;
    sum += divergence;
    sumOfMeans += divergence / Math.max(length, 1);
  }

  /** What every completion of a group loses // [G]. */
  Map<GroupId, double[]> ofGroups() {
    return penalties;
  }

  /** Over the completions that count. */
  SortedMap<String, Double> metrics() {
    double completions = Math.max(numCompletions, 1);
    return new TreeMap<>(
        Map.of(
            "kl", sum / Math.max(numTokens, 1),
            "kl_sequence_mean", sumOfMeans / completions,
            "kl_penalty", settings.beta() * sum / completions));
  }
}
