package dev.sampo.vlm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;

/**
 * Keys and values of the groups that are being generated. A group occupies one slot: its prompt is
 * stored once, its {@code rowsPerSlot} rows decode against it. Rows of slot {@code s} are {@code s
 * * rowsPerSlot ... s * rowsPerSlot + rowsPerSlot - 1}. A slot is freed by prefilling it again.
 *
 * <p>Weights may change between two calls; keys and values already stored are kept.
 */
public interface GenerationCache extends AutoCloseable {

  /**
   * How much to make room for.
   *
   * @param slots groups in flight
   * @param rowsPerSlot completions of a group
   * @param maxPromptTokens longest prompt
   * @param maxCompletionTokens longest completion
   */
  record Capacity(int slots, int rowsPerSlot, int maxPromptTokens, int maxCompletionTokens) {}

  Capacity capacity();

  /**
   * Runs prompts, with their images, and stores them in slots; empties the slots' rows.
   *
   * @param slots one free slot per prompt
   * @param scope owns the result
   * @return float32 logits after the last prompt token // [prompts, V]
   */
  NDArray prefill(List<EncodedPrompt> prompts, int[] slots, NDManager scope);

  /**
   * Appends one token to each of the given rows.
   *
   * @param rows distinct row numbers, ascending
   * @param tokens the token appended to each row
   * @param scope owns the result
   * @return float32 logits after that token // [rows, V]
   */
  NDArray decode(int[] rows, int[] tokens, NDManager scope);

  @Override
  void close();
}
