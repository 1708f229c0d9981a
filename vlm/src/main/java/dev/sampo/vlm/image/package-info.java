/**
 * From an encoded picture to the patches that a vision tower takes: decode, resize, normalise, cut.
 * Every step gives the numbers of the processor that the checkpoint was trained with.
 */
@NullMarked
package dev.sampo.vlm.image;

import org.jspecify.annotations.NullMarked;
