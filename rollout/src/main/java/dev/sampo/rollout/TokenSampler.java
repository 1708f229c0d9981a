package dev.sampo.rollout;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.vlm.ops.SamplingOps;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Samples the next token of many rows, in one native call for all rows of equal settings. */
record TokenSampler(Set<Integer> endTokens) {

  /**
   * Appends one token to each row that is not finished. Those that are take part and keep what they
   * have.
   *
   * @param logits // [n, V]
   * @param rows the rows that are sampled // [R]
   * @param source the row of {@code logits} that each is sampled from // [R]
   * @param version the policy that computed the logits
   * @return how many tokens were appended
   */
  int sample(
      NDArray logits, List<DecodeRow> rows, long[] source, PolicyVersion version, NDManager scope) {
    Map<SamplingSettings, List<Integer>> batches = new LinkedHashMap<>();
    for (int i = 0; i < rows.size(); i++) {
      batches.computeIfAbsent(rows.get(i).sampling(), key -> new ArrayList<>()).add(i);
    }
    int appended = 0;
    for (var entry : batches.entrySet()) {
      List<Integer> members = entry.getValue();
      long[] at = members.stream().mapToLong(i -> source[i]).toArray();
      List<DecodeRow> batch = members.stream().map(rows::get).toList();
      appended +=
          append(draw(take(logits, at, scope), batch, entry.getKey(), scope), batch, version);
    }
    return appended;
  }

  private int append(SamplingOps.Draw draw, List<DecodeRow> rows, PolicyVersion version) {
    long[] tokens = draw.tokens().toLongArray(); // [R]
    float[] logProbs = draw.logProbs().toFloatArray(); // [R]
    int appended = 0;
    for (int i = 0; i < tokens.length; i++) {
      if (!rows.get(i).isFinished()) {
        int token = Math.toIntExact(tokens[i]);
        rows.get(i).append(token, logProbs[i], version, endTokens.contains(token));
        appended++;
      }
    }
    return appended;
  }

  private static SamplingOps.Draw draw(
      NDArray logits, List<DecodeRow> rows, SamplingSettings settings, NDManager scope) {
    double[] uniforms = rows.stream().mapToDouble(DecodeRow::uniform).toArray();
    return SamplingOps.sample(
        scope,
        logits,
        settings.temperature(),
        settings.topK(),
        settings.topP(),
        scope.create(uniforms));
  }

  private static NDArray take(NDArray logits, long[] rows, NDManager scope) {
    boolean all = rows.length == logits.getShape().get(0);
    for (int i = 0; all && i < rows.length; i++) {
      all = rows[i] == i;
    }
    return all ? logits : logits.get(new NDIndex("{}", scope.create(rows)));
  }
}
