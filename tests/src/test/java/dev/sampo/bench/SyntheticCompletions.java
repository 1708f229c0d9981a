package dev.sampo.bench;

import dev.sampo.protocol.Completion;
import dev.sampo.protocol.LogProbs;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.StopReason;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Completions that nobody sampled, as large as those that a model samples. */
final class SyntheticCompletions {
  private static final int VOCABULARY = 150_000;

  private final Random random;

  SyntheticCompletions(Random random) {
    this.random = random;
  }

  /** A completion of {@code shortest} tokens, and fewer than {@code spread} more. */
  Completion completion(int shortest, int spread, PolicyVersion version) {
    int length = shortest + random.nextInt(spread);
    float[] logProbs = new float[length];
    for (int i = 0; i < length; i++) {
      logProbs[i] = (float) -Math.abs(random.nextGaussian());
    }
    return new Completion(
        tokens(length),
        LogProbs.of(logProbs),
        List.of(new VersionSpan(0, version)),
        StopReason.END_OF_TURN,
        text(length));
  }

  /** Small ids are the frequent ones. */
  TokenIds tokens(int length) {
    return TokenIds.of(
        IntStream.range(0, length)
            .map(i -> (int) (VOCABULARY * Math.pow(random.nextDouble(), 4)))
            .toArray());
  }

  private String text(int numTokens) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < numTokens; i++) {
      text.append(' ').append(Integer.toString(random.nextInt(20_000), Character.MAX_RADIX));
    }
    return text.toString();
  }
}
