/** A node of the cluster: what its roles spawn, its HTTP server, how it starts and leaves. */
@NullMarked
package dev.sampo.actors.node;

import org.jspecify.annotations.NullMarked;
