package dev.sampo.vlm;

import ai.djl.ndarray.NDArray;

/**
 * What the policy thinks of every branch token of a {@link PrefixTree}. Rows are the branches in
 * order of the groups; padding is 0.
 *
 * @param logProbs float32 log-prob of each branch token given its prompt and the tokens before it
 *     // [R, C]
 * @param entropies float32 entropy of the distribution that each token was drawn from // [R, C]
 * @param mask 1 for a token, 0 for padding, float32 // [R, C]
 */
public record BranchScores(NDArray logProbs, NDArray entropies, NDArray mask) {}
