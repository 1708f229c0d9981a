/** From scored groups to what passes the network at once. */
@NullMarked
package dev.sampo.learner.batch;

import org.jspecify.annotations.NullMarked;
