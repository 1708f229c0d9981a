/**
 * Recordings: folders that keep every scored group and every optimizer step of a run, so that
 * training can be repeated from them alone.
 */
@NullMarked
package dev.sampo.protocol.log;

import org.jspecify.annotations.NullMarked;
