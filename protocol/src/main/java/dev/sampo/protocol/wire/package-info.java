/**
 * The Protobuf form of the protocol. {@link dev.sampo.protocol.wire.WireCodec} is the way in and
 * out; the generated classes stay inside.
 */
@NullMarked
package dev.sampo.protocol.wire;

import org.jspecify.annotations.NullMarked;
