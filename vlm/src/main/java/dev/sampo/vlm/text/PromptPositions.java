package dev.sampo.vlm.text;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Where the tokens of a prompt stand, for rotary position embeddings.
 *
 * @param positions temporal, height, width // [3][P]
 * @param next position of the token after the last, the same on all three axes
 */
@SuppressWarnings("ArrayRecordComponent")
public record PromptPositions(int[][] positions, int next) {

  /** Counts tokens, whatever they are, on all three axes alike. */
  public static PromptPositions counting(int tokens) {
    int[][] positions = new int[3][];
    Arrays.setAll(positions, _ -> IntStream.range(0, tokens).toArray());
    return new PromptPositions(positions, tokens);
  }
}
