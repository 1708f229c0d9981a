/**
 * Generation: groups of completions sampled from a model, many at a time, on one thread. {@link
 * dev.sampo.rollout.GenerationEngine} serves leases, {@link dev.sampo.rollout.Generator} lists of
 * prompts; both drive the same decode loop.
 *
 * <p>Shapes are written as in {@code dev.sampo.vlm}: {@code G} completions of a group, {@code R}
 * rows that decode together, {@code V} vocabulary.
 */
@NullMarked
package dev.sampo.rollout;

import org.jspecify.annotations.NullMarked;
