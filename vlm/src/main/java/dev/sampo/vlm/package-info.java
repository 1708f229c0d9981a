/**
 * Vision-language models: text and images in, log-probabilities and tokens out. Rollout and learner
 * run the same model code.
 *
 * <p>Shapes are written with one letter per axis: {@code B} batch, {@code G} completions of a
 * group, {@code R} rows (branches of all groups), {@code P} prompt tokens, {@code C} completion
 * tokens, {@code H} heads, {@code K} key/value heads, {@code D} head size, {@code E} hidden size,
 * {@code V} vocabulary, {@code I} image patches.
 */
@NullMarked
package dev.sampo.vlm;

import org.jspecify.annotations.NullMarked;
