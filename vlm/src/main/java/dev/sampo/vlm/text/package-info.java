/** Text in and out of token ids, by the files of the checkpoint: tokenizer and chat template. */
@NullMarked
package dev.sampo.vlm.text;

import org.jspecify.annotations.NullMarked;
