/** Prompts as the model takes them: text and images of a question put together. */
@NullMarked
package dev.sampo.vlm.prompt;

import org.jspecify.annotations.NullMarked;
