package dev.sampo.learner.objective;

import ai.djl.ndarray.NDArray;
import java.util.Optional;

/**
 * The constants of the objective for the rows of one micro-batch. Whatever stands in places that
 * are not live is never used.
 *
 * @param behaviour log-probs under the policy that sampled // [R, C]
 * @param reference log-probs under the reference model; present when beta is above 0 // [R, C]
 * @param live true for live tokens, boolean // [R, C]
 * @param advantages one per row // [R, 1]
 * @param weights {@link LossScale#tokenWeight} of each row // [R, 1]
 */
public record ObjectiveRows(
    NDArray behaviour,
    Optional<NDArray> reference,
    NDArray live,
    NDArray advantages,
    NDArray weights) {}
