/** Policy versions as files that anyone may fetch. */
@NullMarked
package dev.sampo.learner.weights;

import org.jspecify.annotations.NullMarked;
