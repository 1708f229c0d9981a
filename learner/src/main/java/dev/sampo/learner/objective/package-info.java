/**
 * What a step minimises: advantages of a group and the clipped objective over its tokens.
 *
 * <p>Shapes: {@code R} rows (completions of all groups of a micro-batch), {@code C} tokens of the
 * longest completion, {@code G} completions of one group. Rows are right padded; a token is
 * <em>live</em> when the policy sampled it and its completion has a score.
 */
@NullMarked
package dev.sampo.learner.objective;

import org.jspecify.annotations.NullMarked;
