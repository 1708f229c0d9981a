/** Rules over the metrics of a run that warn of a collapse, or end it. */
@NullMarked
package dev.sampo.learner.guard;

import org.jspecify.annotations.NullMarked;
