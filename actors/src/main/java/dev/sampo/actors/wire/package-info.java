/** How the actors' messages travel: the mapping to the Protobuf words of {@code protocol}. */
@NullMarked
package dev.sampo.actors.wire;

import org.jspecify.annotations.NullMarked;
