/** Tests that cross modules. */
@NullMarked
package dev.sampo;

import org.jspecify.annotations.NullMarked;
