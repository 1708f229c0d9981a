/** How options are checked when they are read, and spelled in messages and formulas. */
@NullMarked
package dev.sampo.learner.option;

import org.jspecify.annotations.NullMarked;
