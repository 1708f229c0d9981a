/**
 * Compares the learner with numbers that others computed: {@code tests/check-losses} runs any file
 * of such cases, {@link dev.sampo.losses.LossCasesTest} the committed ones.
 */
@NullMarked
package dev.sampo.losses;

import org.jspecify.annotations.NullMarked;
