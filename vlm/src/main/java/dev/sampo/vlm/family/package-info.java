/** Model families: what they have in common, what each does in its own way, and their registry. */
@NullMarked
package dev.sampo.vlm.family;

import org.jspecify.annotations.NullMarked;
