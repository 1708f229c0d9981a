/** Advantages, objective, optimizer, checkpoints and weight deltas. */
@NullMarked
package dev.sampo.learner;

import org.jspecify.annotations.NullMarked;
