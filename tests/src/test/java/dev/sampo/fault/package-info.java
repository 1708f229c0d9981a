/** Faults that are caused: killed processes, a disk that stops in the middle of a change. */
@NullMarked
package dev.sampo.fault;

import org.jspecify.annotations.NullMarked;
