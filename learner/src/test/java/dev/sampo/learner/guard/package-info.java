@NullMarked
package dev.sampo.learner.guard;

import org.jspecify.annotations.NullMarked;
