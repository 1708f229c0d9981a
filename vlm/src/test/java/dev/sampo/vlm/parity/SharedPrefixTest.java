package dev.sampo.vlm.parity;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.BranchScores;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.PrefixTree.Group;
import dev.sampo.vlm.TrainingPass;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.ops.OptimizerOps;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * How a step passes the network changes neither its loss nor any gradient: sharing prompts and
 * images, packing, padding, blocks of logits, recomputation.
 *
 * <p>Differences are relative to the length of a parameter's gradient; where that is rounding noise
 * of terms that cancel (a bias of keys before a softmax), to a thousandth of the longest.
 */
class SharedPrefixTest {
  private static final double BOUND = 1e-5;

  /** Of all gradients as one vector: products of fewer rows round otherwise. */
  private static final double BLOCK_BOUND = 1e-6;

  private static final double BFLOAT16_BOUND = 0.06;
  private static final double NOISE = 1e-3;
  private static final int ALL = Integer.MAX_VALUE;

  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(5);

  /** What a whole step leaves: its loss, and the gradient of every parameter by name. */
  private record Outcome(double loss, Map<String, float[]> gradients) {}

  static Stream<Goldens> goldens() {
    return Goldens.all();
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void everyCompletionWithItsOwnPromptGivesTheSame(Goldens goldens) {
    PrefixTree shared = tree(goldens);
    PrefixTree plain =
        new PrefixTree(
            shared.groups().stream()
                .flatMap(group ->
                    group.branches().stream()
                        .map(branch -> new Group(copy(group.prompt()), List.of(branch))))
                .toList());

    try (VisionLanguageModel model = open(goldens)) {
      assertEqual(run(model, pass(false, ALL), shared), run(model, pass(false, ALL), plain), BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void anySplitIntoPassesGivesTheSame(Goldens goldens) {
    PrefixTree whole = tree(goldens);
    List<PrefixTree> groups =
        whole.groups().stream().map(group -> new PrefixTree(List.of(group))).toList();
    List<PrefixTree> rows =
        whole.groups().stream()
            .flatMap(group ->
                group.branches().stream()
                    .map(branch ->
                        new PrefixTree(List.of(new Group(group.prompt(), List.of(branch))))))
            .toList();

    try (VisionLanguageModel model = open(goldens)) {
      Outcome expected = run(model, pass(false, ALL), whole);
      assertEqual(run(model, pass(false, ALL), array(groups)), expected, BOUND);
      assertEqual(run(model, pass(false, ALL), array(rows)), expected, BOUND);
    }
  }

  /** A group with a longer prompt and longer branches whose loss has no weight pads all others. */
  @ParameterizedTest
  @MethodSource("goldens")
  void paddingAndWhatALossMakesOfItChangeNothing(Goldens goldens) {
    PrefixTree tree = tree(goldens);
    List<Group> padded = new ArrayList<>(tree.groups());
    padded.add(new Group(longer(tree), List.of(tokens(11), tokens(13))));

    try (VisionLanguageModel model = open(goldens)) {
      Outcome expected = run(model, pass(false, ALL), tree);
      Outcome actual = run(model, pass(false, ALL), tree.numRows(), 1e3f, new PrefixTree(padded));
      assertEqual(actual, expected, BOUND);
    }
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void blocksOfLogitsGiveTheSame(Goldens goldens) {
    PrefixTree tree = tree(goldens);
    try (VisionLanguageModel model = open(goldens)) {
      Outcome expected = run(model, pass(false, ALL), tree);
      for (int logitTokens : new int[] {1, 4, 9}) { // 1 and 4 cut rows
        Outcome actual = run(model, pass(false, logitTokens), tree);
        assertEqual(actual, expected, BOUND);
        assertThat(distance(actual, expected)).isLessThan(BLOCK_BOUND);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void recomputedLayersGiveTheSameBits(Goldens goldens) {
    PrefixTree tree = tree(goldens);
    try (VisionLanguageModel model = open(goldens)) {
      Outcome expected = run(model, pass(false, ALL), tree);
      Outcome again = run(model, pass(true, ALL), tree);
      assertThat(again.loss()).isEqualTo(expected.loss());
      again
          .gradients()
          .forEach((name, gradient) ->
              assertThat(gradient)
                  .as(name)
                  .isEqualTo(Objects.requireNonNull(expected.gradients().get(name))));
    }
  }

  /** Of all gradients as one vector, on the same rounded weights: 8 bits of every activation. */
  @ParameterizedTest
  @MethodSource("goldens")
  void gradientsInBfloat16AreThoseOfFloat32ButForRounding(Goldens goldens) {
    PrefixTree tree = tree(goldens);
    try (VisionLanguageModel coarse = Models.loadBfloat16(goldens);
        VisionLanguageModel fine = open(goldens);
        NDManager scope = Models.newScope()) {
      OptimizerOps.copy(scope, arrays(fine), arrays(coarse));
      coarse.parameters().values().forEach(array -> array.setRequiresGradient(true));
      Outcome expected = run(fine, pass(false, ALL), tree);
      var total = new double[1];
      coarse.backward(
          tree, pass(true, 9), (row, rows) -> Optional.of(loss(row, ALL, 0, rows, total)));
      var gradients = new TreeMap<String, float[]>();
      coarse
          .parameters()
          .forEach((name, array) -> {
            NDArray wide = scope.zeros(array.getShape());
            NDArray gradient = Gradients.of(array, scope).orElseThrow();
            OptimizerOps.copy(scope, List.of(wide), List.of(gradient));
            gradients.put(name, wide.toFloatArray());
          });

      assertThat(distance(new Outcome(total[0], gradients), expected)).isLessThan(BFLOAT16_BOUND);
      assertThat(Math.abs(total[0] - expected.loss()) / Math.abs(expected.loss()))
          .isLessThan(BFLOAT16_BOUND);
    }
  }

  private static List<NDArray> arrays(VisionLanguageModel model) {
    return List.copyOf(model.parameters().values());
  }

  private static TrainingPass pass(boolean recompute, int logitTokens) {
    return new TrainingPass(0.7, true, recompute, logitTokens);
  }

  private static VisionLanguageModel open(Goldens goldens) {
    VisionLanguageModel model = Models.load(goldens);
    model.parameters().values().forEach(array -> array.setRequiresGradient(true));
    return model;
  }

  /** The recorded prompts, one of them twice, with branches of one token and more. */
  private PrefixTree tree(Goldens goldens) {
    List<Group> groups = new ArrayList<>();
    for (var recorded : goldens.cases()) {
      List<int[]> branches =
          groups.isEmpty()
              ? List.of(tokens(6), tokens(1), tokens(4))
              : List.of(tokens(2 + groups.size()), tokens(5));
      groups.add(new Group(goldens.prompt(recorded), branches));
    }
    groups.add(new Group(groups.get(1).prompt(), List.of(tokens(3))));
    return new PrefixTree(groups);
  }

  private int[] tokens(int length) {
    return random.ints(length, 20, 200).toArray();
  }

  private EncodedPrompt longer(PrefixTree tree) {
    int length = 3 + tree.groups().stream().mapToInt(g -> g.prompt().length()).max().orElseThrow();
    int[] positions = IntStream.range(0, length).toArray();
    return new EncodedPrompt(
        tokens(length), new int[][] {positions, positions, positions}, length, List.of());
  }

  private static EncodedPrompt copy(EncodedPrompt prompt) {
    List<ImagePatches> images =
        prompt.images().stream()
            .map(image ->
                new ImagePatches(
                    image.values().clone(), image.temporal(), image.height(), image.width()))
            .toList();
    return new EncodedPrompt(prompt.tokenIds(), prompt.positions(), prompt.nextPosition(), images);
  }

  private static PrefixTree[] array(List<PrefixTree> trees) {
    return trees.toArray(PrefixTree[]::new);
  }

  private static Outcome run(VisionLanguageModel model, TrainingPass pass, PrefixTree... trees) {
    return run(model, pass, ALL, 0, trees);
  }

  /**
   * Sums over all tokens, weighted by row and place, what a policy gradient with an entropy bonus
   * sums.
   *
   * @param numRows rows after these have no weight
   * @param padding weight of the cells that are padding
   */
  private static Outcome run(
      VisionLanguageModel model,
      TrainingPass pass,
      int numRows,
      float padding,
      PrefixTree... trees) {
    model.parameters().values().forEach(array -> array.getGradient().muli(0));
    var total = new double[1];
    int before = 0;
    for (PrefixTree tree : trees) {
      int first = before;
      model.backward(
          tree, pass, (row, rows) -> Optional.of(loss(first + row, numRows, padding, rows, total)));
      before += tree.numRows();
    }
    var gradients = new TreeMap<String, float[]>();
    model
        .parameters()
        .forEach((name, array) -> gradients.put(name, array.getGradient().toFloatArray()));
    return new Outcome(total[0], gradients);
  }

  private static NDArray loss(
      int firstRow, int numRows, float padding, BranchScores rows, double[] total) {
    NDArray terms =
        rows.logProbs()
            .exp()
            .sub(rows.entropies().mul(Gradients.constant(0.1, rows.entropies()))); // [r, C]
    NDArray weights = weights(firstRow, numRows, padding, rows.mask());
    total[0] += terms.mul(weights).mul(rows.mask()).sum().getFloat();
    return terms.mul(weights).sum();
  }

  private static NDArray weights(int firstRow, int numRows, float padding, NDArray mask) {
    NDManager scope = mask.getManager();
    float[] live = mask.toFloatArray();
    int width = (int) mask.getShape().get(1);
    float[] weights = new float[live.length];
    for (int i = 0; i < weights.length; i++) {
      int row = firstRow + i / width;
      float weight = row < numRows ? (1 + row % 3) * (1 + i % width) : 0;
      weights[i] = live[i] == 1 ? weight : padding;
    }
    return scope.create(weights, mask.getShape());
  }

  private static void assertEqual(Outcome actual, Outcome expected, double bound) {
    double longest =
        expected.gradients().values().stream().mapToDouble(Differences::norm).max().orElseThrow();
    assertThat(actual.gradients().keySet()).isEqualTo(expected.gradients().keySet());
    actual
        .gradients()
        .forEach((name, gradient) -> {
          float[] wanted = Objects.requireNonNull(expected.gradients().get(name));
          double scale = Math.max(Differences.norm(wanted), NOISE * longest);
          assertThat(distance(gradient, wanted) / scale).as(name).isLessThan(bound);
        });
    assertThat(Math.abs(actual.loss() - expected.loss()) / Math.abs(expected.loss()))
        .isLessThan(bound);
  }

  private static double distance(Outcome actual, Outcome expected) {
    double difference = 0;
    double length = 0;
    for (Map.Entry<String, float[]> entry : expected.gradients().entrySet()) {
      float[] gradient = Objects.requireNonNull(actual.gradients().get(entry.getKey()));
      difference = Math.hypot(difference, distance(gradient, entry.getValue()));
      length = Math.hypot(length, Differences.norm(entry.getValue()));
    }
    return difference / length;
  }

  private static double distance(float[] a, float[] b) {
    float[] difference = new float[a.length];
    for (int i = 0; i < a.length; i++) {
      difference[i] = a[i] - b[i];
    }
    return Differences.norm(difference);
  }
}
