/** Reward functions and how they are combined, timed out and isolated. */
@NullMarked
package dev.sampo.reward;

import org.jspecify.annotations.NullMarked;
