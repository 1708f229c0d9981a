/**
 * Files between nodes: immutable, named and checked by their SHA-256, over HTTP. Weight shards and
 * images travel this way.
 */
@NullMarked
package dev.sampo.actors.transfer;

import org.jspecify.annotations.NullMarked;
