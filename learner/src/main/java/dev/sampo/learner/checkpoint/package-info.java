/** Checkpoints in the Hugging Face layout, with what a resumed run needs beside the weights. */
@NullMarked
package dev.sampo.learner.checkpoint;

import org.jspecify.annotations.NullMarked;
