package dev.sampo.learner.objective;

/**
 * The objective of a run.
 *
 * @param clipLow the ratio counts down to {@code 1 - clipLow}
 * @param clipHigh the ratio counts up to {@code 1 + clipHigh}
 * @param beta weight of the divergence from the reference model; 0 means that there is no reference
 *     model at all
 * @param aggregation how token losses become one number
 * @param advantage how scores become advantages
 */
public record GrpoSettings(
    double clipLow,
    double clipHigh,
    double beta,
    Aggregation aggregation,
    AdvantageKind advantage) {
  public GrpoSettings {
    require(clipLow > 0 && clipLow <= 1, "clip-low", "in (0, 1]", clipLow);
    require(clipHigh > 0 && Double.isFinite(clipHigh), "clip-high", "> 0", clipHigh);
    require(beta >= 0 && Double.isFinite(beta), "beta", ">= 0", beta);
  }

  /** Whether steps need log-probs of a reference model. */
  public boolean needsReference() {
    return beta > 0;
  }

  private static void require(boolean holds, String name, String rule, double got) {
    if (!holds) {
      throw new IllegalArgumentException(name + " must be " + rule + ", got " + got);
    }
  }
}
