@NullMarked
package dev.sampo.learner.weights;

import org.jspecify.annotations.NullMarked;
