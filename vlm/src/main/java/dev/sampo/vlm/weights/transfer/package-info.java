/**
 * Weights on their way from the learner to whoever generates: immutable copies, the files they
 * travel in, and back. Files are safetensors, so that a snapshot is a readable checkpoint; a delta
 * holds the compressed difference to the weights of an earlier version and is lossless.
 */
@NullMarked
package dev.sampo.vlm.weights.transfer;

import org.jspecify.annotations.NullMarked;
