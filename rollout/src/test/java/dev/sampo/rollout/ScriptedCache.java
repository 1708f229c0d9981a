package dev.sampo.rollout;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * In place of a model: after token t comes t + 1, unless the table says otherwise. Every call is
 * written down.
 *
 * @param next what comes after a token, by token
 */
record ScriptedCache(Capacity capacity, Map<Integer, Integer> next, List<String> calls)
    implements GenerationCache {
  static final int VOCABULARY = 64;

  static ScriptedCache of(Capacity capacity, Map<Integer, Integer> next) {
    return new ScriptedCache(capacity, next, new ArrayList<>());
  }

  @Override
  public NDArray prefill(List<EncodedPrompt> prompts, int[] slots, NDManager scope) {
    calls.add("prefill " + Arrays.toString(slots));
    float[][] logits = new float[slots.length][];
    for (int i = 0; i < slots.length; i++) {
      int[] ids = prompts.get(i).tokenIds();
      logits[i] = after(ids[ids.length - 1]);
    }
    return scope.create(logits);
  }

  @Override
  public NDArray decode(int[] rows, int[] tokens, NDManager scope) {
    calls.add("decode " + Arrays.toString(rows));
    float[][] logits = new float[rows.length][];
    for (int i = 0; i < rows.length; i++) {
      logits[i] = after(tokens[i]);
    }
    return scope.create(logits);
  }

  private float[] after(int token) {
    float[] logits = new float[VOCABULARY];
    logits[next.getOrDefault(token, token + 1)] = 20;
    return logits;
  }

  @Override
  public void close() {}
}
