package dev.sampo.losses;

import dev.sampo.learner.objective.Aggregation;
import dev.sampo.learner.objective.AggregationKind;
import dev.sampo.learner.objective.ClipSettings;
import dev.sampo.learner.objective.EntropySettings;
import dev.sampo.learner.objective.KlEstimator;
import dev.sampo.learner.objective.KlPlace;
import dev.sampo.learner.objective.KlSettings;
import dev.sampo.learner.objective.MismatchAction;
import dev.sampo.learner.objective.MismatchLevel;
import dev.sampo.learner.objective.MismatchWeights;
import dev.sampo.learner.objective.ObjectivePreset;
import dev.sampo.learner.objective.ObjectiveSettings;
import dev.sampo.learner.objective.RatioAnchor;
import dev.sampo.learner.objective.RatioLevel;
import dev.sampo.learner.objective.Surrogate;
import dev.sampo.learner.objective.WeightBounds;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** The options of the product that a case asks for, in the words of its inputs. */
final class LossSettings {
  /** Inputs of objectives that the product does not have, with the option that would be needed. */
  private static final Map<String, String> MISSING =
      Map.of(
          "tau_pos", "surrogate sapo",
          "k_pos", "surrogate vespo",
          "mask_high", "surrogate dppo",
          "tv_threshold_symmetric", "surrogate ipo",
          "log_clip_low", "ratio geometric mean of clipped ratios (gmpo)",
          "metric", "mismatch bounds on another metric than the weight",
          "alpha", "approximation of the old log-probs");

  private LossSettings() {}

  static ObjectiveSettings of(CaseLine line, Fields inputs) {
    MISSING.forEach((field, option) -> {
      boolean isDefault = field.equals("metric") && inputs.text(field, "ratio").equals("ratio");
      if (inputs.has(field) && !isDefault) {
        throw new UnsupportedCaseException("missing option: " + option);
      }
    });
    RatioLevel level = level(inputs);
    return ObjectivePreset.GRPO
        .settings()
        .withRatio(anchor(inputs), level)
        .withSurrogate(surrogate(line, inputs))
        .withClip(clip(inputs))
        .withCispo(bounds(inputs.optional("clamp_low"), inputs.optional("clamp_high")))
        .withMismatch(mismatch(inputs))
        .withOffPolicyDelta(inputs.optional("off_policy_delta"))
        .withKl(divergence(inputs))
        .withEntropy(
            new EntropySettings(
                inputs.number("entropy_coef", 0), inputs.number("top_entropy_quantile", 1)))
        .withAggregation(aggregation(inputs));
  }

  /** The old policy where there is one; the current one stands for it where there is no other. */
  private static RatioAnchor anchor(Fields inputs) {
    boolean old = inputs.oneOf("old_logp", "proximal_logp", "prox_logp").isPresent();
    boolean behaviour = inputs.oneOf("sampling_logp", "behave_logp").isPresent();
    return behaviour && !old ? RatioAnchor.BEHAVIOUR : RatioAnchor.OLD;
  }

  private static RatioLevel level(Fields inputs) {
    String mode = inputs.text("mode", "");
    return switch (mode) {
      case "" -> RatioLevel.TOKEN;
      case "token_stopgrad" -> RatioLevel.SEQUENCE_TOKEN;
      case "seq_mean", "token_count_weighted", "per_batch_size", "luspo" -> RatioLevel.SEQUENCE;
      default -> throw new UnsupportedCaseException("missing option: ratio mode " + mode);
    };
  }

  private static Surrogate surrogate(CaseLine line, Fields inputs) {
    if (inputs.oneOf("clamp_low", "clamp_high").isPresent()) {
      return Surrogate.CISPO;
    }
    if (inputs.oneOf("eps_low", "eps_high").isPresent()) {
      return Surrogate.CLIP;
    }
    return line.isNamed("reinforce") || line.isNamed("cispo")
        ? Surrogate.CISPO
        : Surrogate.UNCLIPPED;
  }

  /** A bound of 1 below and of the largest float above is none. */
  private static ClipSettings clip(Fields inputs) {
    Optional<String> delta = inputs.oneOf("delta", "two_sided_delta", "clip_delta");
    return new ClipSettings(
        inputs.number("eps_low", 1),
        inputs.number("eps_high", 1e6),
        delta.isPresent() ? OptionalDouble.of(inputs.number(delta.get())) : OptionalDouble.empty(),
        inputs.optional("dual_clip_c"));
  }

  private static MismatchWeights mismatch(Fields inputs) {
    if (inputs.has("level") || inputs.has("action")) {
      return decoupled(inputs);
    }
    MismatchLevel level =
        switch (inputs.text("is_level", "none")) {
          case "none" -> MismatchLevel.NONE;
          case "token" -> MismatchLevel.TOKEN;
          case "sequence_sum", "sequence" -> MismatchLevel.SEQUENCE_SUM;
          case "sequence_mean", "geometric" -> MismatchLevel.SEQUENCE_MEAN;
          default -> throw missing(inputs, "is_level");
        };
    if (level == MismatchLevel.NONE) {
      inputs.oneOf("is_mode", "is_low", "is_high", "is_batch_normalize");
      return MismatchWeights.NONE;
    }
    MismatchAction action =
        switch (inputs.text("is_mode", "truncate")) {
          case "truncate" -> MismatchAction.TRUNCATE;
          case "mask" -> MismatchAction.MASK;
          default -> throw missing(inputs, "is_mode");
        };
    return new MismatchWeights(
        level,
        action,
        bounds(inputs.optional("is_low"), inputs.optional("is_high")),
        inputs.flag("is_batch_normalize"));
  }

  /** Decoupled PPO as AReaL has it: of a sequence it takes the geometric mean. */
  private static MismatchWeights decoupled(Fields inputs) {
    MismatchLevel level =
        switch (inputs.text("level")) {
          case "token" -> MismatchLevel.TOKEN;
          case "sequence" ->
              inputs.text("agg", "mean").equals("mean")
                  ? MismatchLevel.SEQUENCE_MEAN
                  : MismatchLevel.NONE;
          default -> throw missing(inputs, "level");
        };
    if (level == MismatchLevel.NONE) {
      throw missing(inputs, "agg");
    }
    MismatchAction action =
        switch (inputs.text("action")) {
          case "mask" -> MismatchAction.MASK;
          case "clamp" -> MismatchAction.TRUNCATE;
          default -> throw missing(inputs, "action");
        };
    return new MismatchWeights(
        level, action, bounds(inputs.optional("lower"), inputs.optional("upper")), false);
  }

  private static WeightBounds bounds(OptionalDouble low, OptionalDouble high) {
    return new WeightBounds(low, high);
  }

  private static KlSettings divergence(Fields inputs) {
    double beta = inputs.number("beta", 0);
    String name = inputs.text("kl_estimator", "k3");
    boolean timesRatio = inputs.flag("kl_times_ratio");
    return beta == 0 ? KlSettings.none() : estimator(name, beta, timesRatio);
  }

  /** An estimator by its name in the cases; the value of a straight-through one is clamped too. */
  static KlSettings estimator(String name, double beta, boolean timesRatio) {
    boolean straight =
        name.contains("straight")
            || name.contains("plus")
            || name.contains("+")
            || name.contains("k2_grad")
            || name.contains("gradient_k2");
    KlEstimator estimator =
        switch (name.substring(0, Math.min(2, name.length()))) {
          case "k1" -> KlEstimator.K1;
          case "k2" -> KlEstimator.K2;
          case "k3" -> KlEstimator.K3;
          default -> throw new UnsupportedCaseException("missing option: kl estimator " + name);
        };
    OptionalDouble limit =
        name.contains("clamp10") || straight ? OptionalDouble.of(10) : OptionalDouble.empty();
    return new KlSettings(estimator, beta, KlPlace.LOSS, timesRatio, limit, straight);
  }

  private static Aggregation aggregation(Fields inputs) {
    String name = inputs.text("aggregation", "");
    String mode = inputs.text("mode", "");
    if (name.isEmpty()) {
      name =
          switch (mode) {
            case "seq_mean" -> "seq_mean_token_mean_incl_empty";
            case "token_stopgrad" -> "seq_mean_token_mean_excl_empty";
            case "token_count_weighted" -> "token_mean";
            case "per_batch_size", "luspo" -> "per_batch_size";
            default ->
                inputs.text("denominator", "").equals("original_mask_count") ? "token_mean" : "";
          };
    }
    inputs.oneOf("denominator");
    return switch (name) {
      case "seq_mean_token_mean_incl_empty" -> every(AggregationKind.SEQUENCE_MEAN);
      case "seq_mean_token_mean_excl_empty" -> live(AggregationKind.SEQUENCE_MEAN);
      case "token_mean", "global_tokens" -> every(AggregationKind.TOKEN_MEAN);
      case "fixed_len" -> every(AggregationKind.FIXED_LENGTH);
      case "token_sum" -> every(AggregationKind.TOKEN_SUM);
      case "seq_mean_token_sum" -> live(AggregationKind.SEQUENCE_SUM);
      case "seq_mean_token_sum_norm" -> live(AggregationKind.FIXED_LENGTH);
      case "prompt_mean" -> every(AggregationKind.PROMPT_MEAN);
      case "per_batch_size" -> every(AggregationKind.SEQUENCE_SUM);
      default -> throw new UnsupportedCaseException("missing option: aggregation '" + name + "'");
    };
  }

  private static Aggregation every(AggregationKind kind) {
    return Aggregation.of(kind);
  }

  private static Aggregation live(AggregationKind kind) {
    return new Aggregation(kind, false, OptionalInt.empty());
  }

  private static UnsupportedCaseException missing(Fields inputs, String field) {
    return new UnsupportedCaseException("missing option: " + field + " " + inputs.text(field));
  }
}
