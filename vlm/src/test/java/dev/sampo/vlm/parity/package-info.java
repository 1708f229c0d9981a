/** Compares this project with recorded numbers of reference implementations. */
@NullMarked
package dev.sampo.vlm.parity;

import org.jspecify.annotations.NullMarked;
