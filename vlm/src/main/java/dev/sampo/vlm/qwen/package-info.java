/**
 * Qwen2.5-VL: a vision tower with windowed attention and a Qwen2 decoder with three-section rotary
 * positions. One code path for every size of the family. Facts: the model code of Hugging Face
 * Transformers 4.57.
 */
@NullMarked
package dev.sampo.vlm.qwen;

import org.jspecify.annotations.NullMarked;
