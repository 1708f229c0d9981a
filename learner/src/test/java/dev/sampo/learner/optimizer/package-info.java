@NullMarked
package dev.sampo.learner.optimizer;

import org.jspecify.annotations.NullMarked;
