@NullMarked
package dev.sampo.learner;

import org.jspecify.annotations.NullMarked;
