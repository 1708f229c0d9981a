package dev.sampo.rollout;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.ImageGrid;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.PrefixTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** On a real model with random weights, which seldom ends a turn by itself. */
class GenerationEngineTest {
  private static final SamplingSettings WARM = SamplingSettings.atTemperature(1, 12);
  private static ShippedModel shipped;

  @BeforeAll
  static void load() {
    shipped = ShippedModel.load();
  }

  @AfterAll
  static void close() {
    shipped.close();
  }

  @Test
  void groupCarriesEverythingAboutItsGeneration() {
    CompletionGroup group;
    try (GenerationEngine engine = engine(4, 2)) {
      engine.admit(shipped.lease(3, 4, WARM), shipped.prompt(3));
      group = finishAll(engine).getFirst();
    }

    assertThat(group.lease()).isEqualTo(shipped.lease(3, 4, WARM).id());
    assertThat(group.promptTokens()).isEqualTo(TokenIds.of(shipped.prompt(3).tokenIds()));
    assertThat(group.imageGrids()).containsExactly(new ImageGrid(1, 6, 6, OptionalInt.of(14)));
    assertThat(group.sampling()).isEqualTo(WARM);
    assertThat(group.seed()).isEqualTo(1003);
    assertThat(group.worker()).isEqualTo("tester");
    assertThat(group.completions()).hasSize(4).doesNotHaveDuplicates();
    assertThat(group.completions())
        .allSatisfy(completion ->
            assertThat(completion.text())
                .isEqualTo(shipped.processor().decode(completion.tokens().toArray())));
  }

  @Test
  void whatAGroupSamplesDoesNotDependOnItsNeighboursOrItsTurn() {
    Map<LeaseId, CompletionGroup> alone = new HashMap<>();
    try (GenerationEngine engine = engine(4, 1)) {
      for (int number = 0; number < 6; number++) {
        engine.admit(shipped.lease(number, 4, WARM), shipped.prompt(number));
        finishAll(engine).forEach(group -> alone.put(group.lease(), group));
      }
    }
    List<CompletionGroup> crowded = new ArrayList<>();
    try (GenerationEngine engine = engine(4, 3)) {
      for (int number = 5; number >= 0; number--) {
        while (engine.numFreeSlots() == 0) {
          crowded.addAll(engine.step());
        }
        engine.admit(shipped.lease(number, 4, WARM), shipped.prompt(number));
        crowded.addAll(engine.step());
        crowded.addAll(engine.step());
      }
      crowded.addAll(finishAll(engine));
    }

    assertThat(crowded).hasSize(6);
    for (CompletionGroup group : crowded) {
      List<Completion> before = requireNonNull(alone.get(group.lease())).completions();
      for (int i = 0; i < before.size(); i++) {
        assertThat(group.completions().get(i).tokens()).isEqualTo(before.get(i).tokens());
        assertClose(group.completions().get(i), before.get(i).logProbs().toArray());
      }
    }
  }

  @Test
  void logProbsAgreeWithScoringTheSameTokens() {
    for (double temperature : new double[] {1, 0.7}) {
      SamplingSettings sampling = SamplingSettings.atTemperature(temperature, 20);
      List<CompletionGroup> groups;
      try (GenerationEngine engine = engine(8, 4)) {
        for (int number = 0; number < 4; number++) {
          engine.admit(shipped.lease(number, 8, sampling), shipped.prompt(number));
        }
        groups = finishAll(engine);
      }

      try (NDManager scope = NDManager.newBaseManager()) {
        List<Completion> completions =
            groups.stream().flatMap(group -> group.completions().stream()).toList();
        NDArray scored = shipped.model().score(tree(groups), temperature, scope).logProbs();
        for (int row = 0; row < completions.size(); row++) {
          assertClose(completions.get(row), scored.get(row).toFloatArray());
        }
      }
    }
  }

  @Test
  void agreementIsCloseForTheWeightsThatSampledAndFarForOthers() {
    try (ShippedModel ownModel = ShippedModel.load();
        GenerationEngine engine = engine(ownModel, 4, 1)) {
      engine.admit(shipped.lease(0, 4, WARM), shipped.prompt(0));
      CompletionGroup group = finishAll(engine).getFirst();

      Agreement same = Agreement.measure(ownModel.model(), shipped.prompt(0), group);
      ownModel.model().parameters().values().forEach(array -> array.muli(1.1f));
      Agreement other = Agreement.measure(ownModel.model(), shipped.prompt(0), group);

      assertThat(Agreement.canBeMeasured(group, shipped.version(0))).isTrue();
      assertThat(Agreement.canBeMeasured(group, shipped.version(1))).isFalse();
      assertThat(same.maxAbs()).isBetween(0.0, 1e-5);
      assertThat(same.k3()).isBetween(0.0, 1e-9);
      assertThat(same.numTokens()).isEqualTo(group.numSampledTokens());
      assertThat(other.maxAbs()).isGreaterThan(1e-3);
    }
  }

  @Test
  void newWeightsTakeOverBetweenTwoStepsAndTheirTokensSaySo() {
    try (ShippedModel ownModel = ShippedModel.load();
        GenerationEngine engine = engine(ownModel, 4, 1)) {
      engine.admit(shipped.lease(0, 4, WARM), shipped.prompt(0));
      CompletionGroup undisturbed = finishAll(engine).getFirst();

      engine.admit(shipped.lease(0, 4, WARM), shipped.prompt(0));
      engine.step(); // tokens 0 and 1
      engine.step(); // token 2
      engine.install(
          shipped.version(1), weights -> weights.values().forEach(array -> array.muli(1.1f)));
      assertThat(engine.progress(undisturbed.lease()))
          .contains(new GenerationEngine.Progress(12, 0));
      CompletionGroup updated = finishAll(engine).getFirst();

      for (int i = 0; i < 4; i++) {
        Completion before = undisturbed.completions().get(i);
        Completion after = updated.completions().get(i);
        assertThat(after.versions())
            .containsExactly(
                new VersionSpan(0, shipped.version(0)), new VersionSpan(3, shipped.version(1)));
        for (int t = 0; t < 3; t++) {
          assertThat(after.logProbs().get(t)).isEqualTo(before.logProbs().get(t));
        }
        assertThat(after.logProbs().get(3)).isNotCloseTo(before.logProbs().get(3), within(1e-3f));
      }
      assertThat(updated.oldestStep()).isZero();
    }
  }

  @Test
  void leaseThatDoesNotFitIsRefusedByTheNameOfItsRow() {
    try (GenerationEngine engine = engine(4, 1)) {
      assertThatThrownBy(() -> engine.admit(shipped.lease(9, 5, WARM), shipped.prompt(0)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("rows.jsonl:9: completions of the group: at most 4, got 5");
      assertThat(engine.isIdle()).isTrue();

      engine.admit(shipped.lease(9, 4, WARM), shipped.prompt(0));
      assertThatThrownBy(() -> engine.admit(shipped.lease(9, 4, WARM), shipped.prompt(0)))
          .isInstanceOf(IllegalStateException.class);
      assertThat(engine.cancel(shipped.lease(9, 4, WARM).id())).isTrue();
      assertThat(engine.progress(shipped.lease(9, 4, WARM).id())).isEmpty();
    }
  }

  /** Resident memory is read on Linux only; the handles are counted everywhere. */
  @Test
  void thousandsOfStepsLeaveNothingBehind() throws IOException {
    try (NDManager manager = NDManager.newBaseManager();
        DecodeLoop<Integer> loop =
            new DecodeLoop<>(
                shipped.model().newCache(settings(4, 2).capacity(12)),
                manager,
                shipped.answers(),
                1000,
                DecodeLoop.Batching.TOGETHER)) {
      runSteps(loop, 2500); // until the JIT has compiled what it will
      long residentBefore = residentKilobytes();
      runSteps(loop, 3000);

      assertThat(manager.getManagedArrays()).isEmpty();
      // The logits alone of 3000 steps are 50 MB.
      assertThat(residentKilobytes() - residentBefore).isLessThan(20_000);
    }
  }

  private static void runSteps(DecodeLoop<Integer> loop, int steps) {
    List<EncodedPrompt> prompts = IntStream.range(0, 5).mapToObj(shipped::prompt).toList();
    for (int step = 0; step < steps; step++) {
      if (loop.numFreeSlots() > 0) {
        loop.admit(new DecodeLoop.Request<>(step, prompts.get(step % 5), 4, WARM, step));
      }
      loop.step(shipped.version(0));
      if (step % 100 == 0) {
        System.gc(); // keeps the Java heap from growing into fresh pages meanwhile
      }
    }
  }

  private static long residentKilobytes() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return 0;
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .sum();
  }

  private static PrefixTree tree(List<CompletionGroup> groups) {
    return new PrefixTree(
        groups.stream()
            .map(group ->
                new PrefixTree.Group(
                    shipped.prompt((int) group.lease().group().value()),
                    group.completions().stream()
                        .map(completion -> completion.tokens().toArray())
                        .toList()))
            .toList());
  }

  private static void assertClose(Completion completion, float[] logProbs) {
    for (int t = 0; t < completion.logProbs().length(); t++) {
      assertThat(completion.logProbs().get(t)).isCloseTo(logProbs[t], within(1e-5f));
    }
  }

  private static List<CompletionGroup> finishAll(GenerationEngine engine) {
    List<CompletionGroup> groups = new ArrayList<>();
    while (!engine.isIdle()) {
      groups.addAll(engine.step());
    }
    return groups;
  }

  private static RolloutSettings settings(int groupSize, int groups) {
    return new RolloutSettings(groupSize, groups, 64, 1000, 1, false);
  }

  private static GenerationEngine engine(int groupSize, int groups) {
    return engine(shipped, groupSize, groups);
  }

  private static GenerationEngine engine(ShippedModel shipped, int groupSize, int groups) {
    return new GenerationEngine(
        shipped.model(),
        shipped.answers(),
        settings(groupSize, groups),
        20,
        shipped.version(0),
        "tester");
  }
}
