/** What a reward function is, and the functions that belong to no task. */
@NullMarked
package dev.sampo.reward;

import org.jspecify.annotations.NullMarked;
