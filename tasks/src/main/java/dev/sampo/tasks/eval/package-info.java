/** Evaluation metrics and how sure they are. */
@NullMarked
package dev.sampo.tasks.eval;

import org.jspecify.annotations.NullMarked;
