/** The generation engine. */
@NullMarked
package dev.sampo.rollout;

import org.jspecify.annotations.NullMarked;
