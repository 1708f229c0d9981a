package dev.sampo.vlm.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Log-probs and entropies of logits and their gradients are those of the engine's log-softmax. */
class TrainingOpsTest {
  private static final int TOKENS = 7;
  private static final int VOCABULARY = 50;

  /** At 40 most probabilities are below the smallest float. */
  @ParameterizedTest
  @CsvSource({"1, 1, 3", "0.7, 4, 100", "2, 40, 1"})
  void scoresAndGradientsOfLogitsAreThoseOfAutograd(double temperature, float scale, long piece) {
    var random = new Random(3);
    float[] values = new float[TOKENS * VOCABULARY];
    for (int i = 0; i < values.length; i++) {
      values[i] = scale * (float) random.nextGaussian();
    }
    long[] targets = random.longs(TOKENS, 0, VOCABULARY).toArray();
    float[] ofLogProbs = {1, -2, 0.5f, 0, 3, -1, 0.1f};
    float[] ofEntropies = {0.5f, 1, -1, 2, 0, 0.3f, -0.2f};
    try (NDManager scope = NDManager.newBaseManager(Device.cpu());
        GradientCollector collector = Gradients.collect()) {
      NDArray logits = scope.create(values, new Shape(TOKENS, VOCABULARY));
      logits.setRequiresGradient(true);
      NDArray all = logits.div(Gradients.constant(temperature, logits)).logSoftmax(-1);
      NDArray picked = all.mul(scope.create(targets).oneHot(VOCABULARY)).sum(new int[] {1});
      NDArray entropy = all.exp().mul(all).sum(new int[] {1}).neg();
      collector.backward(
          picked.mul(scope.create(ofLogProbs)).add(entropy.mul(scope.create(ofEntropies))).sum());

      NDArray same = scope.create(values, new Shape(TOKENS, VOCABULARY));
      var tokens =
          new TrainingOps.Tokens(
              scope.create(targets), scope.create(temperature), scope.create(piece));
      NDList scores = TrainingOps.scores(scope, same, tokens);
      NDArray gradient =
          TrainingOps.logitsGradient(
              scope,
              same,
              tokens,
              scope.create(ofLogProbs),
              scores.get(1),
              scope.create(ofEntropies));

      assertClose(scores.get(0), picked);
      assertClose(scores.get(1), entropy);
      assertClose(gradient, logits.getGradient());
    }
  }

  private static void assertClose(NDArray actual, NDArray expected) {
    float[] values = actual.toFloatArray();
    float[] wanted = expected.toFloatArray();
    for (int i = 0; i < wanted.length; i++) {
      assertThat(values[i]).isCloseTo(wanted[i], within(1e-5f * Math.max(1, Math.abs(wanted[i]))));
    }
  }
}
