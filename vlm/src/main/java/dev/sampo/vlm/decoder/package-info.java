/**
 * The language model: prompts and the branches that continue them, and the key/value storage of
 * generation.
 */
@NullMarked
package dev.sampo.vlm.decoder;

import org.jspecify.annotations.NullMarked;
