/** The command line: reads arguments, calls the parts, says in one line what went wrong. */
@NullMarked
package dev.sampo.actors.cli;

import org.jspecify.annotations.NullMarked;
