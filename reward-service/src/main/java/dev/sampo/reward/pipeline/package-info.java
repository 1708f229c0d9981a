/** Runs the configured reward functions over groups: weights, time limits, retries, isolation. */
@NullMarked
package dev.sampo.reward.pipeline;

import org.jspecify.annotations.NullMarked;
