/** Measures a policy on the evaluation splits. */
@NullMarked
package dev.sampo.actors.evaluation;

import org.jspecify.annotations.NullMarked;
