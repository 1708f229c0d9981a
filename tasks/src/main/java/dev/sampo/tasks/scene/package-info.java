/** Synthetic scenes of coloured shapes, drawn exactly: a seed always gives the same bytes. */
@NullMarked
package dev.sampo.tasks.scene;

import org.jspecify.annotations.NullMarked;
