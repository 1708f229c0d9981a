package dev.sampo.vlm.qwen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.BranchScores;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.Passes;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.PrefixTree.Group;
import dev.sampo.vlm.TrainingPass;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.Gradients;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A prefix tree is exact: sharing prompts, packing and padding change nothing. */
class QwenVlScoreTest {
  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(11);
  private final VisionLanguageModel model = TinyModels.model();
  private final NDManager scope = TinyModels.newScope();

  @AfterEach
  void close() {
    scope.close();
    model.close();
  }

  @Test
  void branchesOfATreeScoreAsIfEachHadItsOwnPrompt() {
    PrefixTree tree = tree();

    BranchScores shared = model.score(tree, 0.8, scope);

    int row = 0;
    for (Group group : tree.groups()) {
      for (int[] branch : group.branches()) {
        var alone = new PrefixTree(List.of(new Group(group.prompt(), List.of(branch))));
        BranchScores scores = model.score(alone, 0.8, scope);
        equal(shared.logProbs().get(row), scores.logProbs().get(0), branch.length);
        equal(shared.entropies().get(row), scores.entropies().get(0), branch.length);
        assertThat(shared.mask().get(row).sum().getFloat()).isEqualTo(branch.length);
        row++;
      }
    }
  }

  @Test
  void gradientsOfATreeAreTheSumOverItsBranches() {
    PrefixTree tree = tree();
    model.parameters().values().forEach(array -> array.setRequiresGradient(true));

    Map<String, float[]> shared = gradients(List.of(tree));
    var alone = new ArrayList<PrefixTree>();
    for (Group group : tree.groups()) {
      for (int[] branch : group.branches()) {
        alone.add(new PrefixTree(List.of(new Group(group.prompt(), List.of(branch)))));
      }
    }
    Map<String, float[]> summed = gradients(alone);

    assertThat(shared.keySet()).isEqualTo(model.parameters().keySet());
    shared.forEach((name, gradient) -> {
      assertThat(gradient).as(name).isNotEqualTo(new float[gradient.length]);
      assertThat(gradient)
          .as(name)
          .containsExactly(Objects.requireNonNull(summed.get(name)), offset(2e-4f));
    });
  }

  /** Sum of the gradients of each tree's log-probs, weighted unevenly. */
  private Map<String, float[]> gradients(List<PrefixTree> trees) {
    var result = new TreeMap<String, float[]>();
    model.parameters().forEach((name, array) -> result.put(name, new float[(int) array.size()]));
    for (PrefixTree tree : trees) {
      model.parameters().values().forEach(array -> array.getGradient().muli(0));
      Passes.backward(
          model,
          tree,
          logProbs -> {
            float width = logProbs.getShape().get(1);
            return logProbs.mul(logProbs.getManager().arange(1f, 1f + width, 1f)).sum();
          });
      model
          .parameters()
          .forEach((name, array) -> {
            float[] gradient = array.getGradient().toFloatArray();
            float[] sum = Objects.requireNonNull(result.get(name));
            for (int i = 0; i < sum.length; i++) {
              sum[i] += gradient[i];
            }
          });
    }
    return result;
  }

  @Test
  void swappingTwoImagesChangesTheScores() {
    ImagePatches first = TinyModels.image(random, 8, 8);
    ImagePatches second = TinyModels.image(random, 8, 8);
    EncodedPrompt prompt = TinyModels.prompt(random, List.of(first, second), 4);
    var swapped =
        new EncodedPrompt(
            prompt.tokenIds(), prompt.positions(), prompt.nextPosition(), List.of(second, first));
    List<int[]> branches = List.of(TinyModels.tokens(random, 5));

    NDArray scores =
        model
            .score(
                new PrefixTree(List.of(new Group(prompt, branches), new Group(swapped, branches))),
                1,
                scope)
            .logProbs();

    assertThat(scores.get(0).sub(scores.get(1)).abs().max().getFloat()).isGreaterThan(1e-3f);
  }

  @Test
  void anImageSharedByPromptsScoresAsACopyOfIt() {
    ImagePatches image = TinyModels.image(random, 8, 4);
    var copy = new ImagePatches(image.values().clone(), 1, 8, 4);
    ImagePatches other = TinyModels.image(random, 4, 4);
    EncodedPrompt first = TinyModels.prompt(random, List.of(image, other), 3);
    EncodedPrompt second = TinyModels.prompt(random, List.of(other, image), 2);
    EncodedPrompt apart =
        new EncodedPrompt(
            second.tokenIds(), second.positions(), second.nextPosition(), List.of(other, copy));
    List<int[]> branches = List.of(TinyModels.tokens(random, 4), TinyModels.tokens(random, 2));

    BranchScores shared = score(new Group(first, branches), new Group(second, branches));
    BranchScores separate = score(new Group(first, branches), new Group(apart, branches));

    equal(shared.logProbs().flatten(), separate.logProbs().flatten(), 16);
  }

  private BranchScores score(Group... groups) {
    return model.score(new PrefixTree(List.of(groups)), 1, scope);
  }

  @Test
  void scoresCanEnterALossAndRecordingEndsWithThePass() {
    PrefixTree tree = tree();
    model.parameters().values().forEach(array -> array.setRequiresGradient(true));
    NDArray reference = model.score(tree, 1, scope).logProbs();
    Passes.backward(
        model,
        tree,
        logProbs -> {
          assertThat(Gradients.areRecordedFor(model.parameters().values())).isTrue();
          return logProbs.mul(reference).sum();
        });
    assertThat(Gradients.areRecordedFor(model.parameters().values())).isFalse();

    assertThat(TinyModels.parameter(model, "model.norm.weight").getGradient().norm().getFloat())
        .isPositive();
  }

  @Test
  void aLossThatGivesUpEndsThePassAndTheNextOneRuns() {
    model.parameters().values().forEach(array -> array.setRequiresGradient(true));
    PrefixTree tree = tree(); // rows of 6, 1, 3, 7, 2 and 4 tokens
    var pass = new TrainingPass(1, false, false, 7);
    var firstRows = new ArrayList<Integer>();

    boolean finished =
        model.backward(
            tree,
            pass,
            (first, rows) -> {
              firstRows.add(first);
              return first == 0 ? Optional.of(rows.logProbs().sum()) : Optional.empty();
            });

    assertThat(finished).isFalse();
    assertThat(firstRows).containsExactly(0, 2);
    assertThat(model.backward(tree, pass, (_, rows) -> Optional.of(rows.logProbs().sum())))
        .isTrue();
  }

  @Test
  void branchesOfOneTokenAreTrained() {
    model.parameters().values().forEach(array -> array.setRequiresGradient(true));
    PrefixTree tree =
        new PrefixTree(
            tree().groups().stream()
                .map(group -> new Group(group.prompt(), List.of(new int[] {3}, new int[] {4})))
                .toList());

    double loss = Passes.backward(model, tree, NDArray::sum);

    assertThat(loss)
        .isCloseTo(model.score(tree, 1, scope).logProbs().sum().getFloat(), within(1e-4));
    assertThat(TinyModels.parameter(model, "visual.patch_embed.proj.weight").getGradient().norm())
        .satisfies(norm -> assertThat(norm.getFloat()).isPositive());
  }

  @Test
  void aPromptWhoseImageTokensDoNotFitItsImagesIsRejected() {
    EncodedPrompt prompt = TinyModels.prompt(random, List.of(TinyModels.image(random, 4, 4)), 3);
    var without =
        new EncodedPrompt(prompt.tokenIds(), prompt.positions(), prompt.nextPosition(), List.of());
    var tree = new PrefixTree(List.of(new Group(without, List.of(new int[] {1}))));

    assertThatThrownBy(() -> model.score(tree, 1, scope))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0 images of 0 features")
        .hasMessageContaining("got 4");
  }

  /** Two images of unequal windows, one image, none; branches of one token and more. */
  private PrefixTree tree() {
    EncodedPrompt two =
        TinyModels.prompt(
            random, List.of(TinyModels.image(random, 10, 6), TinyModels.image(random, 4, 8)), 5);
    EncodedPrompt one = TinyModels.prompt(random, List.of(TinyModels.image(random, 8, 8)), 9);
    EncodedPrompt none = TinyModels.prompt(random, List.of(), 4);
    return new PrefixTree(
        List.of(
            new Group(two, List.of(TinyModels.tokens(random, 6), TinyModels.tokens(random, 1))),
            new Group(one, List.of(TinyModels.tokens(random, 3))),
            new Group(
                none,
                List.of(
                    TinyModels.tokens(random, 7),
                    TinyModels.tokens(random, 2),
                    TinyModels.tokens(random, 4)))));
  }

  private static void equal(NDArray actual, NDArray expected, int length) {
    float[] a = actual.toFloatArray();
    float[] e = expected.toFloatArray();
    for (int i = 0; i < length; i++) {
      assertThat(a[i]).isCloseTo(e[i], within(1e-5f));
    }
  }
}
