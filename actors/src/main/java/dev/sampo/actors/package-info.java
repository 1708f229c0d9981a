/** Behaviors, streams, cluster membership, HTTP and the command line. */
@NullMarked
package dev.sampo.actors;

import org.jspecify.annotations.NullMarked;
