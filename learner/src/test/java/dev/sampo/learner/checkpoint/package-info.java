@NullMarked
package dev.sampo.learner.checkpoint;

import org.jspecify.annotations.NullMarked;
