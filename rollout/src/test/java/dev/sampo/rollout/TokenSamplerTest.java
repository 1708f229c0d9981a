package dev.sampo.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.SamplingSettings;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TokenSamplerTest {
  private static final float[] LOGITS = {1.0f, 2.5f, -0.5f, 2.0f, 0.0f};
  private static final int N = 20_000;

  @Test
  void tokensComeAsOftenAsTheTemperatureSays() {
    double[] expected = softmax(0.8);

    assertThat(frequencies(new SamplingSettings(0.8, 0, 1, 1)))
        .usingComparatorWithPrecision(0.015)
        .containsExactly(expected);
  }

  @Test
  void topKAndTopPComposeOnTheRenormalisedRest() {
    double[] p = softmax(1);

    // Ordered: tokens 1, 3, 0, 4, 2.
    assertThat(frequencies(new SamplingSettings(1, 2, 1, 1)))
        .usingComparatorWithPrecision(0.015)
        .containsExactly(renormalised(p, 1, 3));
    assertThat(p[1] / (p[1] + p[3])).isBetween(0.6, 0.65);
    assertThat(frequencies(new SamplingSettings(1, 2, 0.6, 1)))
        .as("top-k leaves tokens 1 and 3, of which token 1 alone has 0.6 of the mass")
        .usingComparatorWithPrecision(0.015)
        .containsExactly(renormalised(p, 1));
  }

  @Test
  void logProbIsThatOfTheTemperedPolicy() {
    for (SamplingSettings settings :
        List.of(
            new SamplingSettings(0.8, 0, 1, 1),
            new SamplingSettings(0.8, 2, 0.9, 1),
            SamplingSettings.greedy(1))) {
      double[] expected = softmax(settings.isGreedy() ? 1 : settings.temperature());

      for (Completion completion : sample(settings, 50)) {
        assertThat(completion.logProbs().get(0))
            .isCloseTo((float) Math.log(expected[completion.tokens().get(0)]), within(1e-5f));
      }
    }
  }

  @Test
  void greedyTakesTheMostLikelyToken() {
    assertThat(sample(SamplingSettings.greedy(1), 10))
        .allSatisfy(completion -> assertThat(completion.tokens().get(0)).isEqualTo(1));
  }

  @Test
  void rowsOfDifferentSettingsShareABatch() {
    SamplingSettings warm = SamplingSettings.atTemperature(1, 1);
    List<DecodeRow> alone =
        IntStream.range(0, 40)
            .mapToObj(i -> new DecodeRow(i, warm, 3, DecodeLoop.TokenListener.NOBODY))
            .toList();
    List<DecodeRow> mixed =
        IntStream.range(0, 80)
            .mapToObj(i ->
                new DecodeRow(
                    i / 2,
                    i % 2 == 0 ? warm : SamplingSettings.greedy(1),
                    3,
                    DecodeLoop.TokenListener.NOBODY))
            .toList();

    sample(alone);
    sample(mixed);

    for (int i = 0; i < 40; i++) {
      assertThat(completion(mixed.get(2 * i))).isEqualTo(completion(alone.get(i)));
      assertThat(completion(mixed.get(2 * i + 1)).tokens().get(0)).isEqualTo(1);
    }
  }

  private static double[] frequencies(SamplingSettings settings) {
    double[] frequencies = new double[LOGITS.length];
    for (Completion completion : sample(settings, N)) {
      frequencies[completion.tokens().get(0)] += 1.0 / N;
    }
    return frequencies;
  }

  private static List<Completion> sample(SamplingSettings settings, int count) {
    List<DecodeRow> rows =
        IntStream.range(0, count)
            .mapToObj(i -> new DecodeRow(i, settings, 11, DecodeLoop.TokenListener.NOBODY))
            .toList();
    sample(rows);
    return rows.stream().map(TokenSamplerTest::completion).toList();
  }

  private static void sample(List<DecodeRow> rows) {
    try (NDManager scope = NDManager.newBaseManager()) {
      new TokenSampler(Set.of(4))
          .sample(
              scope.create(new float[][] {new float[LOGITS.length], LOGITS}),
              rows,
              rows.stream().mapToLong(row -> 1).toArray(),
              new PolicyVersion("run", 1, 0, ""),
              scope);
    }
  }

  private static Completion completion(DecodeRow row) {
    return row.completion(new AnswerTokens(Set.of(4), Arrays::toString));
  }

  private static double[] softmax(double temperature) {
    double[] weights =
        IntStream.range(0, LOGITS.length)
            .mapToDouble(i -> Math.exp(LOGITS[i] / temperature))
            .toArray();
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).map(weight -> weight / sum).toArray();
  }

  private static double[] renormalised(double[] probs, int... kept) {
    double sum = Arrays.stream(kept).mapToDouble(token -> probs[token]).sum();
    double[] result = new double[probs.length];
    for (int token : kept) {
      result[token] = probs[token] / sum;
    }
    return result;
  }
}
