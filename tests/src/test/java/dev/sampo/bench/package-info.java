/** Measures speed and memory; a tool, not a test. {@code tests/bench/run.sh} starts it. */
@NullMarked
package dev.sampo.bench;

import org.jspecify.annotations.NullMarked;
