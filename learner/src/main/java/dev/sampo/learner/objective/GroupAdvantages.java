package dev.sampo.learner.objective;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Advantages of the completions of one group: {@code (r - mean) / (std + epsilon)}, where {@code
 * std} divides by {@code n - 1} (Shao et al. 2024, section 4.1, with the sample deviation that TRL
 * and VLM-R1 use), or {@code r - mean} alone (Liu et al. 2025). Completions without a score count
 * neither in the mean nor in the deviation and get 0. When all scores are the same, every advantage
 * is exactly 0.
 *
 * @param kind which of the two
 * @param epsilon added to the deviation
 */
public record GroupAdvantages(AdvantageKind kind, double epsilon) {
  /** The epsilon of TRL and VLM-R1. */
  public static final double STANDARD_EPSILON = 1e-4;

  public GroupAdvantages {
    if (!(epsilon > 0)) {
      throw new IllegalArgumentException("epsilon must be > 0, got " + epsilon);
    }
  }

  public GroupAdvantages(AdvantageKind kind) {
    this(kind, STANDARD_EPSILON);
  }

  /**
   * The advantages with the moments that they were computed from.
   *
   * @param values one per completion // [G]
   * @param mean mean of the scores; 0 when there is none
   * @param std sample standard deviation; 0 for fewer than two scores
   * @param numScored completions with a score
   */
  @SuppressWarnings("ArrayRecordComponent") // read once by the caller, never shared
  public record Result(double[] values, double mean, double std, int numScored) {
    /** Whether the group says nothing about what is better: no two scores differ. */
    public boolean hasZeroVariance() {
      return std == 0;
    }
  }

  /** Computes the advantages of one group from its scores. */
  public Result of(List<OptionalDouble> scores) {
    double[] scored =
        scores.stream()
            .filter(OptionalDouble::isPresent)
            .mapToDouble(OptionalDouble::getAsDouble)
            .toArray();
    double[] values = new double[scores.size()];
    double mean = Arrays.stream(scored).average().orElse(0);
    // Equal scores may leave a rounding residue around their mean; it must not become a signal.
    boolean allEqual = Arrays.stream(scored).distinct().count() <= 1;
    if (allEqual) {
      return new Result(values, mean, 0, scored.length);
    }
    double squares = Arrays.stream(scored).map(r -> (r - mean) * (r - mean)).sum();
    double std = Math.sqrt(squares / (scored.length - 1));
    double scale =
        switch (kind) {
          case GROUP_NORMALISED -> 1 / (std + epsilon);
          case MEAN_ONLY -> 1;
        };
    for (int i = 0; i < values.length; i++) {
      OptionalDouble score = scores.get(i);
      values[i] = score.isPresent() ? (score.getAsDouble() - mean) * scale : 0;
    }
    return new Result(values, mean, std, scored.length);
  }
}
