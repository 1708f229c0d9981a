@NullMarked
package dev.sampo.learner.batch;

import org.jspecify.annotations.NullMarked;
