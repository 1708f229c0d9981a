package dev.sampo.learner.objective;

import ai.djl.ndarray.NDArray;
import java.util.Optional;

/**
 * The constants of the objective for some rows of an update, {@code R} completions right padded to
 * {@code C} tokens. All arrays but {@code live} have the type of the log-probs. Whatever stands in
 * places that are not live is never used.
 *
 * @param behaviour log-probs under the policy that sampled // [R, C]
 * @param old log-probs under the policy before the updates of the batch; empty stands for the
 *     current ones without their gradient, which they are in the first update // [R, C]
 * @param reference log-probs under the reference model; present where the divergence from it is in
 *     the loss // [R, C]
 * @param live true for live tokens, boolean // [R, C]
 * @param lengths live tokens of each row, at least 1 // [R, 1]
 * @param advantages one per row, or one per token // [R, 1] or [R, C]
 * @param weights {@link LossScale#tokenWeight} of each row // [R, 1]
 * @param step constants of the whole update
 */
public record ObjectiveRows(
    NDArray behaviour,
    Optional<NDArray> old,
    Optional<NDArray> reference,
    NDArray live,
    NDArray lengths,
    NDArray advantages,
    NDArray weights,
    StepConstants step) {

  /** The same rows with other constants of the update. */
  ObjectiveRows with(StepConstants other) {
    return new ObjectiveRows(behaviour, old, reference, live, lengths, advantages, weights, other);
  }
}
