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
    double[][] mask = inputs.mask("mask");
    Optional<double[][]> old =
        inputs.oneOf("old_logp", "proximal_logp", "prox_logp").map(inputs::matrix);
    Optional<double[][]> behaviour =
        inputs.oneOf("sampling_logp", "behave_logp").map(inputs::matrix);
    double[][] advantages = advantages(inputs);
    int[] groups = inputs.has("groups") ? inputs.wholeVector("groups") : new int[mask.length];
    if (inputs.has("truncated")) {
      requireMasked(mask, inputs.vector("truncated"));
    }
    double[][] zeros = new double[mask.length][mask[0].length];
    Optional<double[][]> reference = inputs.oneOf("ref_logp").map(inputs::matrix);
    double[][] entropies = inputs.oneOf("entropies").map(inputs::matrix).orElse(zeros);
    return new Tokens(
        logProbs, old, behaviour.orElse(zeros), reference, mask, advantages, entropies, groups);
  }

  /** One per row, or one per token. */
  private static double[][] advantages(Fields inputs) {
    if (inputs.has("token_advantages")) {
      return inputs.matrix("token_advantages");
    }
    return inputs.isNested("advantages")
        ? inputs.matrix("advantages")
        : Tokens.column(inputs.vector("advantages"));
  }

  private static void requireMasked(double[][] mask, double[] truncated) {
    if (truncated.length != mask.length) {
      throw new UnsupportedCaseException("truncated has another length than the mask");
    }
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
