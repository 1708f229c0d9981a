@NullMarked
package dev.sampo.vlm.weights.transfer;

import org.jspecify.annotations.NullMarked;
