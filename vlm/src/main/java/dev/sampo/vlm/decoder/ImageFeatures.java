package dev.sampo.vlm.decoder;

import ai.djl.ndarray.NDArray;

/**
 * Image features for the tokens that stand for them.
 *
 * @param tokenAt image tokens among all tokens of the prompts laid end to end // [F]
 * @param featureAt the feature of each; empty if they are in order // [F] or [0]
 * @param features // [features, E]
 */
@SuppressWarnings("ArrayRecordComponent") // made once, read once
public record ImageFeatures(long[] tokenAt, long[] featureAt, NDArray features) {}
