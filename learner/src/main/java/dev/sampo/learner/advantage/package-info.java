/**
 * From the scores of a batch to advantages: baselines and scales, shaping of long completions, and
 * what is left out of the update and why.
 *
 * <p>{@code G} completions of a group.
 */
@NullMarked
package dev.sampo.learner.advantage;

import org.jspecify.annotations.NullMarked;
