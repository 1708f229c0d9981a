package dev.sampo.learner.objective;

import ai.djl.ndarray.NDArray;
import java.util.DoubleSummaryStatistics;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the tokens of an optimizer step say about it, by the metric names of TRL, read from the same
 * numbers as the loss. A token, or a completion where the ratio is one of completions, is clipped
 * low when its advantage is negative and its ratio is below {@code 1 - low}, clipped high when its
 * advantage is positive and its ratio is above {@code 1 + high}. These lose their gradient by the
 * clip; what {@code delta} or {@code dual} bounds besides, where the advantage is negative and the
 * ratio large, is not counted.
 */
public final class ObjectiveStatistics {
  private final ObjectiveSettings settings;
  private final RatioStatistics toSampling = new RatioStatistics();
  private final RatioStatistics toSameVersion = new RatioStatistics();
  private final DoubleSummaryStatistics weights = new DoubleSummaryStatistics();
  private double sumSquaredWeights;
  private long outOfBounds;
  private long numRatios;
  private long clippedLow;
  private long clippedHigh;
  private long clamped;
  private long numRows;
  private long droppedRows;
  private double sumEntropy;
  private double sumDivergence;
  private double sumRowDivergence;
  private long numLiveRows;

  public ObjectiveStatistics(ObjectiveSettings settings) {
    this.settings = settings;
  }

  /**
   * Adds some rows.
   *
   * @param logProbs under the current policy // [R, C]
   * @param entropies under the current policy // [R, C]
   * @param rows the constants that the loss was computed from
   * @param terms what it was made of
   * @param sameVersion whether the current policy sampled the token, so that any difference between
   *     the two log-probs is a fault of the engines // [R * C]
   */
  public void add(
      NDArray logProbs,
      NDArray entropies,
      ObjectiveRows rows,
      ObjectiveTerms terms,
      boolean[] sameVersion) {
    boolean[] live = rows.live().toBooleanArray();
    int columns = (int) rows.live().getShape().get(1);
    TokenValues current = TokenValues.of(logProbs, rows);
    TokenValues behaviour = TokenValues.of(rows.behaviour(), rows);
    TokenValues entropy = TokenValues.of(entropies, rows);
    for (int i = 0; i < live.length; i++) {
      if (live[i]) {
        toSampling.add(current.at(i), behaviour.at(i));
        if (sameVersion[i]) {
          toSameVersion.add(current.at(i), behaviour.at(i));
        }
        sumEntropy += entropy.at(i);
      }
    }
    addClipping(live, columns, rows, terms);
    terms
        .mismatchWeights()
        .ifPresent(w -> addWeights(live, TokenValues.of(w, rows), rows.step().mismatchMean()));
    terms.divergence().ifPresent(kl -> addDivergence(live, columns, TokenValues.of(kl, rows)));
    numRows += live.length / columns;
    terms
        .kept()
        .ifPresent(kept -> {
          for (double row : TokenValues.of(kept, rows).values()) {
            droppedRows += row == 0 ? 1 : 0;
          }
        });
  }

  /** Over live tokens, or over completions where these have the ratio. */
  private void addClipping(boolean[] live, int columns, ObjectiveRows rows, ObjectiveTerms terms) {
    TokenValues ratio = TokenValues.of(terms.ratio(), rows);
    TokenValues advantage = TokenValues.of(rows.advantages(), rows);
    boolean byRow = settings.ratio() != RatioLevel.TOKEN;
    for (int i = 0; i < live.length; i += byRow ? columns : 1) {
      if (!byRow && !live[i]) {
        continue;
      }
      numRatios++;
      double r = ratio.at(i);
      switch (settings.surrogate()) {
        case CLIP -> {
          double a = advantage.at(i);
          clippedLow += a < 0 && r < 1 - settings.clip().low() ? 1 : 0;
          clippedHigh += a > 0 && r > 1 + settings.clip().high() ? 1 : 0;
        }
        case CISPO ->
            clamped += r < settings.cispo().lowest() || r > settings.cispo().highest() ? 1 : 0;
        case UNCLIPPED -> {}
      }
    }
  }

  private void addWeights(boolean[] live, TokenValues values, double mean) {
    for (int i = 0; i < live.length; i++) {
      if (live[i]) {
        double weight = values.at(i);
        weights.accept(weight);
        sumSquaredWeights += weight * weight;
        outOfBounds += settings.mismatch().cut(weight * mean) ? 1 : 0;
      }
    }
  }

  private void addDivergence(boolean[] live, int columns, TokenValues values) {
    for (int first = 0; first < live.length; first += columns) {
      double sum = 0;
      int tokens = 0;
      for (int i = first; i < first + columns; i++) {
        sum += live[i] ? values.at(i) : 0;
        tokens += live[i] ? 1 : 0;
      }
      sumDivergence += sum;
      sumRowDivergence += tokens > 0 ? sum / tokens : 0;
      numLiveRows += tokens > 0 ? 1 : 0;
    }
  }

  /** Live tokens added. */
  public long numTokens() {
    return toSampling.numTokens();
  }

  /**
   * All metrics of the step. {@code mismatch/*} covers the tokens that the updated policy itself
   * sampled and is left out when there is none; {@code off_policy/*} covers all tokens. Metrics of
   * options that are off are left out.
   */
  public SortedMap<String, Double> metrics() {
    SortedMap<String, Double> metrics = new TreeMap<>();
    double n = Math.max(numTokens(), 1);
    addClipping(metrics);
    metrics.put("entropy", sumEntropy / n);
    if (settings.kl().isInLoss()) {
      metrics.put("kl", sumDivergence / n);
      metrics.put("kl_sequence_mean", sumRowDivergence / Math.max(numLiveRows, 1));
    }
    if (settings.mismatch().isPresent()) {
      addWeights(metrics);
    }
    metrics.put("off_policy/ratio_mean", toSampling.meanRatio());
    metrics.put("off_policy/ratio_min", toSampling.minRatio());
    metrics.put("off_policy/ratio_max", toSampling.maxRatio());
    metrics.put("off_policy/k1", toSampling.k1());
    metrics.put("off_policy/k3", toSampling.k3());
    metrics.put("off_policy/chi2", toSampling.chi2());
    metrics.put("off_policy/effective_sample_size", toSampling.effectiveSampleShare());
    if (settings.offPolicyDelta().isPresent()) {
      metrics.put("off_policy/dropped", droppedRows / (double) Math.max(numRows, 1));
    }
    if (toSameVersion.numTokens() > 0) {
      metrics.put("mismatch/k1", toSameVersion.k1());
      metrics.put("mismatch/k3", toSameVersion.k3());
      metrics.put("mismatch/mean_abs", toSameVersion.meanAbsDifference());
      metrics.put("mismatch/max_abs", toSameVersion.maxAbsDifference());
      metrics.put("mismatch/tokens", (double) toSameVersion.numTokens());
    }
    return metrics;
  }

  private void addClipping(Map<String, Double> metrics) {
    double n = Math.max(numRatios, 1);
    switch (settings.surrogate()) {
      case CLIP -> {
        metrics.put("clip_ratio/low_mean", clippedLow / n);
        metrics.put("clip_ratio/high_mean", clippedHigh / n);
        metrics.put("clip_ratio/region_mean", (clippedLow + clippedHigh) / n);
      }
      case CISPO -> metrics.put("cispo_clip_ratio", clamped / n);
      case UNCLIPPED -> {}
    }
  }

  private void addWeights(Map<String, Double> metrics) {
    boolean any = weights.getCount() > 0;
    double n = Math.max(weights.getCount(), 1);
    double mean = weights.getAverage();
    double effective = sumSquaredWeights > 0 ? mean * mean / (sumSquaredWeights / n) : 1;
    metrics.put("sampling/importance_sampling_ratio/mean", any ? mean : 1);
    metrics.put("sampling/importance_sampling_ratio/min", any ? weights.getMin() : 1);
    metrics.put("sampling/importance_sampling_ratio/max", any ? weights.getMax() : 1);
    metrics.put("sampling/out_of_bounds", outOfBounds / n);
    metrics.put("sampling/effective_sample_size", effective);
  }
}
