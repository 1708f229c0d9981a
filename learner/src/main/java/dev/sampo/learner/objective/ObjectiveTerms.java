package dev.sampo.learner.objective;

import ai.djl.ndarray.NDArray;
import java.util.Optional;

/**
 * The loss of some rows and what it was made of. Only {@code loss} is meant to be differentiated;
 * statistics read the rest.
 *
 * @param loss contribution of the rows to the loss of the update // scalar
 * @param tokenLosses loss of every token before aggregation, 0 where not live // [R, C]
 * @param ratio of every token or completion, not clipped // [R, C] or [R, 1]
 * @param mismatchWeights after bounds and normalisation // [R, C] or [R, 1]
 * @param kept 1 for completions that the off-policy mask keeps, 0 for those it drops // [R, 1]
 * @param divergence estimates of the divergence from the reference model // [R, C]
 */
public record ObjectiveTerms(
    NDArray loss,
    NDArray tokenLosses,
    NDArray ratio,
    Optional<NDArray> mismatchWeights,
    Optional<NDArray> kept,
    Optional<NDArray> divergence) {}
