@NullMarked
package dev.sampo.learner.advantage;

import org.jspecify.annotations.NullMarked;
