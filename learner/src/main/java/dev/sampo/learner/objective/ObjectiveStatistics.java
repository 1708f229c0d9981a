package dev.sampo.learner.objective;

import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the tokens of one optimizer step say about it, by the metric names of TRL. A token is
 * clipped low when its advantage is negative and its ratio is below the clip, clipped high when its
 * advantage is positive and its ratio is above: exactly the tokens whose gradient the clip removes.
 */
public final class ObjectiveStatistics {
  private final ObjectiveSettings settings;
  private final RatioStatistics toSampling = new RatioStatistics();
  private final RatioStatistics toSameVersion = new RatioStatistics();
  private long clippedLow;
  private long clippedHigh;
  private double sumEntropy;
  private double sumK3;

  public ObjectiveStatistics(ObjectiveSettings settings) {
    this.settings = settings;
  }

  /**
   * One live token.
   *
   * @param logProb under the current policy
   * @param behaviour under the policy that sampled it
   * @param reference under the reference model; empty without one
   * @param entropy of the distribution that it was drawn from, under the current policy
   * @param advantage of its completion
   * @param sameVersion whether the current policy is the one that sampled it, so that any
   *     difference between the two log-probs is a fault of the engines
   */
  public record Token(
      double logProb,
      double behaviour,
      OptionalDouble reference,
      double entropy,
      double advantage,
      boolean sameVersion) {}

  /** Adds one live token. */
  public void add(Token token) {
    toSampling.add(token.logProb(), token.behaviour());
    if (token.sameVersion()) {
      toSameVersion.add(token.logProb(), token.behaviour());
    }
    double ratio = Math.exp(token.logProb() - token.behaviour());
    if (token.advantage() < 0 && ratio < 1 - settings.clip().low()) {
      clippedLow++;
    }
    if (token.advantage() > 0 && ratio > 1 + settings.clip().high()) {
      clippedHigh++;
    }
    sumEntropy += token.entropy();
    if (token.reference().isPresent()) {
      double difference = token.reference().getAsDouble() - token.logProb();
      sumK3 += Math.exp(difference) - difference - 1;
    }
  }

  /** Live tokens added. */
  public long numTokens() {
    return toSampling.numTokens();
  }

  /**
   * All metrics of the step. {@code mismatch/*} covers the tokens that the updated policy itself
   * sampled and is left out when there is none; {@code off_policy/*} covers all tokens; {@code kl}
   * is left out without a reference model.
   */
  public SortedMap<String, Double> metrics() {
    SortedMap<String, Double> metrics = new TreeMap<>();
    double n = Math.max(numTokens(), 1);
    metrics.put("clip_ratio/low_mean", clippedLow / n);
    metrics.put("clip_ratio/high_mean", clippedHigh / n);
    metrics.put("clip_ratio/region_mean", (clippedLow + clippedHigh) / n);
    metrics.put("entropy", sumEntropy / n);
    if (settings.needsReference()) {
      metrics.put("kl", sumK3 / n);
    }
    metrics.put("off_policy/ratio_mean", toSampling.meanRatio());
    metrics.put("off_policy/ratio_min", toSampling.minRatio());
    metrics.put("off_policy/ratio_max", toSampling.maxRatio());
    metrics.put("off_policy/k1", toSampling.k1());
    metrics.put("off_policy/k3", toSampling.k3());
    metrics.put("off_policy/effective_sample_size", toSampling.effectiveSampleShare());
    if (toSameVersion.numTokens() > 0) {
      metrics.put("mismatch/k1", toSameVersion.k1());
      metrics.put("mismatch/k3", toSameVersion.k3());
      metrics.put("mismatch/max_abs", toSameVersion.maxAbsDifference());
      metrics.put("mismatch/tokens", (double) toSameVersion.numTokens());
    }
    return metrics;
  }
}
