package dev.sampo.losses;

import dev.sampo.learner.objective.Aggregation;
import dev.sampo.learner.objective.AggregationKind;
import dev.sampo.learner.objective.LossScale;
import java.util.Arrays;
import java.util.Optional;

/** Arrays and denominators of a case. */
final class LossInputs {
  private LossInputs() {}

  static Tokens of(Fields inputs) {
    double[][] logProbs = inputs.matrix("logp");
    double[][] mask = inputs.matrix("mask");
    Optional<double[][]> old =
        inputs.oneOf("old_logp", "proximal_logp", "prox_logp").map(inputs::matrix);
    Optional<double[][]> behaviour =
        inputs.oneOf("sampling_logp", "behave_logp").map(inputs::matrix);
    double[][] advantages =
        inputs.has("token_advantages")
            ? inputs.matrix("token_advantages")
            : Arrays.stream(inputs.vector("advantages"))
                .mapToObj(a -> new double[] {a})
                .toArray(double[][]::new);
    int[] groups =
        inputs.has("groups")
            ? Arrays.stream(inputs.vector("groups")).mapToInt(g -> (int) g).toArray()
            : new int[mask.length];
    if (inputs.has("truncated")) {
      requireMasked(mask, inputs.vector("truncated"));
    }
    double[][] zeros = new double[mask.length][mask.length == 0 ? 0 : mask[0].length];
    Optional<double[][]> reference = inputs.oneOf("ref_logp").map(inputs::matrix);
    double[][] entropies = inputs.oneOf("entropies").map(inputs::matrix).orElse(zeros);
    requireShape(mask, logProbs, entropies, behaviour.orElse(zeros), old.orElse(zeros));
    requireShape(mask, reference.orElse(zeros));
    if (advantages.length != mask.length || groups.length != mask.length) {
      throw new UnsupportedCaseException("advantages or groups of another length than the mask");
    }
    return new Tokens(
        logProbs, old, behaviour.orElse(zeros), reference, mask, advantages, entropies, groups);
  }

  private static void requireShape(double[][] mask, double[][]... others) {
    for (double[][] other : others) {
      if (mask.length == 0
          || other.length != mask.length
          || other[0].length != mask[0].length
          || mask[0].length == 0) {
        throw new UnsupportedCaseException("arrays of another shape than the mask");
      }
    }
  }

  private static void requireMasked(double[][] mask, double[] truncated) {
    for (int row = 0; row < mask.length; row++) {
      if (truncated[row] == 1 && Arrays.stream(mask[row]).sum() > 0) {
        throw new UnsupportedCaseException("a truncated row whose mask is not 0");
      }
    }
  }

  /** The denominators that a case asks for. */
  static LossScale scale(CaseLine line, Fields inputs, Tokens tokens, Aggregation aggregation) {
    double numTokens = tokens.live();
    if (inputs.has("num_items_in_batch")) {
      numTokens =
          Math.max(1, inputs.number("num_items_in_batch")) / inputs.number("num_processes", 1);
    }
    LossScale scale = scale(aggregation, tokens, numTokens);
    Optional<String> length =
        inputs.oneOf("max_completion_length", "loss_scale_factor", "max_len", "fixed_length");
    if (aggregation.kind() == AggregationKind.FIXED_LENGTH && length.isEmpty()) {
      throw new UnsupportedCaseException("a fixed length for " + line);
    }
    long rows = inputs.has("batch_size") ? inputs.integer("batch_size") : scale.numRows();
    return new LossScale(
        aggregation,
        rows,
        scale.numLiveRows(),
        scale.numPrompts(),
        numTokens,
        length.map(inputs::number).orElse(1.0));
  }

  /** The denominators of an update that consists of these tokens. */
  static LossScale scale(Aggregation aggregation, Tokens tokens, double numTokens) {
    long prompts = Arrays.stream(tokens.groups()).distinct().count();
    return new LossScale(aggregation, tokens.numRows(), tokens.liveRows(), prompts, numTokens, 1);
  }
}
