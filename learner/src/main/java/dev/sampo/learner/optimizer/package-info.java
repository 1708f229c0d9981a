/** How gradients become new weights: AdamW, clipping, learning rates. */
@NullMarked
package dev.sampo.learner.optimizer;

import org.jspecify.annotations.NullMarked;
