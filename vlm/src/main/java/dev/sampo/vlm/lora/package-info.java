/**
 * Low-rank adapters (Hu et al. 2021): which linear modules get one, their files in the layout of
 * PEFT, and merging them into the weights. Shapes: {@code r} rank, {@code in} and {@code out} sizes
 * of a module.
 */
@NullMarked
package dev.sampo.vlm.lora;

import org.jspecify.annotations.NullMarked;
