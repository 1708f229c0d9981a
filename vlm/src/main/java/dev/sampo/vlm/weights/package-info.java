/** Checkpoints: safetensors files in and out, and the hash that names a set of weights. */
@NullMarked
package dev.sampo.vlm.weights;

import org.jspecify.annotations.NullMarked;
