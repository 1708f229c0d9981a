package dev.sampo.rollout;

import dev.sampo.protocol.Completion;
import dev.sampo.protocol.LogProbs;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.StopReason;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** One completion while it grows. */
final class DecodeRow {
  private final int index;
  private final SamplingSettings sampling;
  private final long seed;
  private final DecodeLoop.TokenListener listener;
  private final int[] tokens;
  private final float[] logProbs;
  private final List<VersionSpan> versions = new ArrayList<>();
  private int length;
  private Optional<StopReason> stop = Optional.empty();

  /**
   * @param index of the completion in its group
   * @param seed of the group
   * @param listener told of every token
   */
  DecodeRow(int index, SamplingSettings sampling, long seed, DecodeLoop.TokenListener listener) {
    this.index = index;
    this.sampling = sampling;
    this.seed = seed;
    this.listener = listener;
    this.tokens = new int[sampling.maxTokens()];
    this.logProbs = new float[sampling.maxTokens()];
  }

  SamplingSettings sampling() {
    return sampling;
  }

  /** The uniform number that samples the next token. */
  double uniform() {
    return Uniforms.at(seed, index, length);
  }

  int lastToken() {
    return tokens[length - 1];
  }

  int length() {
    return length;
  }

  boolean isFinished() {
    return stop.isPresent();
  }

  long oldestStep() {
    return versions.stream().mapToLong(span -> span.version().step()).min().orElse(Long.MAX_VALUE);
  }

  void append(int token, float logProb, PolicyVersion version, boolean isEnd) {
    if (versions.isEmpty() || !versions.getLast().version().equals(version)) {
      versions.add(new VersionSpan(length, version));
    }
    tokens[length] = token;
    logProbs[length] = logProb;
    length++;
    if (isEnd) {
      stop = Optional.of(StopReason.END_OF_TURN);
    } else if (length == tokens.length) {
      stop = Optional.of(StopReason.LENGTH);
    }
    listener.sampled(index, token);
  }

  Completion completion(AnswerTokens answers) {
    int[] sampled = Arrays.copyOf(tokens, length);
    return new Completion(
        TokenIds.of(sampled),
        LogProbs.of(Arrays.copyOf(logProbs, length)),
        versions,
        stop.orElseThrow(),
        answers.text().apply(sampled));
  }
}
