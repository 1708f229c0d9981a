/**
 * The words of the pipeline: immutable records that every stage speaks of, from a {@link
 * dev.sampo.protocol.Prompt} to a {@link dev.sampo.protocol.ScoredGroup}.
 */
@NullMarked
package dev.sampo.protocol;

import org.jspecify.annotations.NullMarked;
