/** Data sets in the VLM-R1 JSONL format: rows to prompts, images by content, order and position. */
@NullMarked
package dev.sampo.tasks.data;

import org.jspecify.annotations.NullMarked;
