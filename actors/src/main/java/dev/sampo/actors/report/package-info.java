/** The run folder: what a run leaves behind for people and for other programs. */
@NullMarked
package dev.sampo.actors.report;

import org.jspecify.annotations.NullMarked;
