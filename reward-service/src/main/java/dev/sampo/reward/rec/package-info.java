/** Rewards for referring expressions; answers are read by {@code dev.sampo.tasks.rec}. */
@NullMarked
package dev.sampo.reward.rec;

import org.jspecify.annotations.NullMarked;
