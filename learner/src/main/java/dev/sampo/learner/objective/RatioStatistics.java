package dev.sampo.learner.objective;

/**
 * How far one policy is from another on the tokens that the second one sampled. With {@code w =
 * exp(p - u)} for a token's log-prob {@code p} under the first and {@code u} under the second:
 * {@code k1 = mean(-ln w)} and {@code k3 = mean(w - 1 - ln w)} both estimate the divergence (
 * Schulman 2020), and {@code mean(w)^2 / mean(w^2)} is the share of the tokens that importance
 * weighting effectively keeps. Sums are float64 and depend on the order of the calls only.
 */
public final class RatioStatistics {
  private long numTokens;
  private double sumLog;
  private double sumK3;
  private double sumAbsLog;
  private double maxAbsLog;
  private double sumRatio;
  private double sumSquaredRatio;
  private double minRatio = Double.POSITIVE_INFINITY;
  private double maxRatio;

  /** Adds one token. */
  public void add(double logProb, double behaviour) {
    double log = logProb - behaviour;
    double ratio = Math.exp(log);
    numTokens++;
    sumLog += log;
    sumK3 += ratio - 1 - log;
    sumAbsLog += Math.abs(log);
    maxAbsLog = Math.max(maxAbsLog, Math.abs(log));
    sumRatio += ratio;
    sumSquaredRatio += ratio * ratio;
    minRatio = Math.min(minRatio, ratio);
    maxRatio = Math.max(maxRatio, ratio);
  }

  public long numTokens() {
    return numTokens;
  }

  /** Mean of {@code u - p}; 0 without tokens. */
  public double k1() {
    return numTokens == 0 ? 0 : -sumLog / numTokens;
  }

  /** Mean of {@code w - 1 - ln w}; 0 without tokens. */
  public double k3() {
    return numTokens == 0 ? 0 : sumK3 / numTokens;
  }

  /** Mean absolute difference of two log-probs; 0 without tokens. */
  public double meanAbsDifference() {
    return numTokens == 0 ? 0 : sumAbsLog / numTokens;
  }

  /** {@code mean(w^2) - 1}, the chi-square divergence; 0 without tokens. */
  public double chi2() {
    return numTokens == 0 ? 0 : sumSquaredRatio / numTokens - 1;
  }

  /** Largest absolute difference of two log-probs; 0 without tokens. */
  public double maxAbsDifference() {
    return maxAbsLog;
  }

  /** Mean ratio; 1 without tokens. */
  public double meanRatio() {
    return numTokens == 0 ? 1 : sumRatio / numTokens;
  }

  /** Smallest ratio; 1 without tokens. */
  public double minRatio() {
    return numTokens == 0 ? 1 : minRatio;
  }

  /** Largest ratio; 1 without tokens. */
  public double maxRatio() {
    return numTokens == 0 ? 1 : maxRatio;
  }

  /** Effective sample size as a share of the tokens, in (0, 1]; 1 without tokens. */
  public double effectiveSampleShare() {
    return numTokens == 0 ? 1 : meanRatio() * meanRatio() / (sumSquaredRatio / numTokens);
  }
}
