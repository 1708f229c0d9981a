@NullMarked
package dev.sampo.learner.objective;

import org.jspecify.annotations.NullMarked;
