@NullMarked
package dev.sampo.learner.sft;

import org.jspecify.annotations.NullMarked;
