package dev.sampo.learner.guard;

import java.util.Set;
import java.util.regex.Pattern;

/** The names of the metrics of a step; {@code docs/algorithms.md} says what they are. */
public final class StepMetrics {
  /** Rules that fired at the step. */
  public static final String FIRED = "guards/fired";

  /** Norm of the gradient; a step that was left out as a whole has none, or no finite one. */
  public static final String GRADIENT_NORM = "grad_norm";

  /** Steps left out since the line before because something was not finite. */
  public static final String SKIPPED = "skipped";

  private static final Pattern OF_A_REWARD = Pattern.compile("rewards/[^/]+/(mean|failed)");

  private static final Set<String> NAMES =
      Set.of(
          "cispo_clip_ratio",
          "clip_ratio/high_mean",
          "clip_ratio/low_mean",
          "clip_ratio/region_mean",
          "completions/clipped_ratio",
          "completions/masked",
          "completions/max_length",
          "completions/mean_length",
          "completions/mean_terminated_length",
          "completions/min_length",
          "completions/unscored",
          "entropy",
          "filtered/mean_too_high",
          "filtered/mean_too_low",
          "filtered/replaced",
          "filtered/zero_variance",
          "frac_reward_zero_std",
          GRADIENT_NORM,
          FIRED,
          "kl",
          "kl_penalty",
          "kl_sequence_mean",
          "learning_rate",
          "loss",
          "mismatch/k1",
          "mismatch/k3",
          "mismatch/max_abs",
          "mismatch/mean_abs",
          "mismatch/tokens",
          "num_sampled_tokens",
          "num_tokens",
          "off_policy/chi2",
          "off_policy/dropped",
          "off_policy/effective_sample_size",
          "off_policy/k1",
          "off_policy/k3",
          "off_policy/ratio_max",
          "off_policy/ratio_mean",
          "off_policy/ratio_min",
          "phase",
          "reward",
          "reward_std",
          "rows",
          "rows_set_aside",
          "sampling/effective_sample_size",
          "sampling/importance_sampling_ratio/max",
          "sampling/importance_sampling_ratio/mean",
          "sampling/importance_sampling_ratio/min",
          "sampling/out_of_bounds",
          SKIPPED,
          "staleness/attempts_max",
          "staleness/max",
          "staleness/mean",
          "staleness/returned_groups",
          "staleness/returned_length_max",
          "staleness/returned_length_mean",
          "staleness/returned_length_min",
          "staleness/tokens_mean",
          "throughput/completion_tokens",
          "time/encode",
          "time/network",
          "time/old",
          "time/optimizer",
          "time/reference",
          "time/step",
          "time/wait",
          "updates",
          "utilisation/learner",
          "utilisation/reward",
          "utilisation/rollout");

  private StepMetrics() {}

  /** Whether steps may have a metric of that name. */
  public static boolean isOne(String name) {
    return NAMES.contains(name) || OF_A_REWARD.matcher(name).matches();
  }

  /** All names that do not depend on the configuration. */
  public static Set<String> names() {
    return NAMES;
  }
}
