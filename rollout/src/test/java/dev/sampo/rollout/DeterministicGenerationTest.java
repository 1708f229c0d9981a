package dev.sampo.rollout;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.SamplingSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a group samples is the same to the bit, on a real model with random weights. */
class DeterministicGenerationTest {
  private static final int GROUP = 4;
  private static ShippedModel shipped;

  /** A tenth of the vocabulary ends a turn, so that the rows of a group end one after the other. */
  private AnswerTokens answers =
      new AnswerTokens(
          IntStream.range(0, 520)
              .filter(token -> token % 10 == 3)
              .boxed()
              .collect(Collectors.toSet()),
          tokens -> "");

  private int threads = 1;

  @BeforeAll
  static void load() {
    shipped = ShippedModel.load();
  }

  @AfterAll
  static void close() {
    shipped.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aGroupIsTheSameAloneAndAmongAnyOthersInAnySlot(int threads) {
    this.threads = threads;
    Map<Integer, List<Completion>> alone = new HashMap<>();
    for (int number = 0; number < 6; number++) {
      alone.putAll(generate(1, List.of(number))); // a fresh engine, slot 0
    }
    assertThat(lengths(alone)).as("rows end one after the other").hasSizeGreaterThan(5);

    assertThat(generate(1, List.of(0, 1, 2, 3, 4, 5)))
        .as("after others in the same slot")
        .isEqualTo(alone);
    assertThat(generate(3, List.of(0, 1, 2, 3, 4, 5)))
        .as("three at a time, slots filled anew as groups end")
        .isEqualTo(alone);
    assertThat(generate(4, List.of(3, 0, 5, 2, 4, 1)))
        .as("four at a time, other neighbours and slots")
        .isEqualTo(alone);
  }

  @Test
  void neighboursThatAreCancelledLeaveNoTrace() {
    Map<Integer, List<Completion>> alone = generate(1, List.of(2));

    try (GenerationEngine engine = engine(3)) {
      for (int number : new int[] {5, 2, 7}) {
        engine.admit(lease(number), shipped.prompt(number));
      }
      engine.step();
      engine.cancel(lease(5).id());
      engine.admit(lease(6), shipped.prompt(6));
      engine.step();
      engine.cancel(lease(7).id());

      assertThat(byNumber(finishAll(engine))).containsEntry(2, alone.get(2));
    }
  }

  /** Rows of a group that end early go on beside the others, so these cannot tell. */
  @Test
  void aRowIsTheSameWhenOthersOfItsGroupEndLater() {
    Map<Integer, List<Completion>> ended = generate(2, List.of(0, 1, 2, 3));
    answers = new AnswerTokens(Set.of(519), tokens -> "");
    Map<Integer, List<Completion>> longer = generate(2, List.of(0, 1, 2, 3));

    ended.forEach((number, completions) -> {
      for (int row = 0; row < GROUP; row++) {
        Completion all = requireNonNull(longer.get(number)).get(row);
        Completion part = completions.get(row);
        assertThat(part.tokens().length()).isLessThanOrEqualTo(all.tokens().length());
        for (int t = 0; t < part.tokens().length(); t++) {
          assertThat(part.tokens().get(t)).isEqualTo(all.tokens().get(t));
          assertThat(part.logProbs().get(t)).isEqualTo(all.logProbs().get(t));
        }
      }
    });
  }

  @Test
  void aGroupOfAnotherSizeIsRefused() {
    try (GenerationEngine engine = engine(1)) {
      RolloutLease half = shipped.lease(0, GROUP / 2, SamplingSettings.atTemperature(1, 20));

      assertThatThrownBy(() -> engine.admit(half, shipped.prompt(0)))
          .hasMessage("rows.jsonl:0: completions of the group: deterministic, always 4, got 2");
    }
  }

  private Map<Integer, List<Completion>> generate(int slots, List<Integer> numbers) {
    List<CompletionGroup> groups = new ArrayList<>();
    try (GenerationEngine engine = engine(slots)) {
      for (int number : numbers) {
        while (engine.numFreeSlots() == 0) {
          groups.addAll(engine.step());
        }
        engine.admit(lease(number), shipped.prompt(number));
      }
      groups.addAll(finishAll(engine));
    }
    return byNumber(groups);
  }

  private static List<CompletionGroup> finishAll(GenerationEngine engine) {
    List<CompletionGroup> groups = new ArrayList<>();
    while (!engine.isIdle()) {
      groups.addAll(engine.step());
    }
    return groups;
  }

  private static Map<Integer, List<Completion>> byNumber(List<CompletionGroup> groups) {
    return groups.stream()
        .collect(
            Collectors.toMap(
                group -> (int) group.lease().group().value(), CompletionGroup::completions));
  }

  private static Set<Integer> lengths(Map<Integer, List<Completion>> groups) {
    Set<Integer> lengths = new HashSet<>();
    groups.values().forEach(group -> group.forEach(row -> lengths.add(row.tokens().length())));
    return lengths;
  }

  /** Groups of unequal longest lengths and, by their questions, unequal prompts. */
  private static RolloutLease lease(int number) {
    return shipped.lease(number, GROUP, SamplingSettings.atTemperature(1, 12 + 4 * (number % 3)));
  }

  private GenerationEngine engine(int slots) {
    return new GenerationEngine(
        shipped.model(),
        answers,
        new RolloutSettings(GROUP, slots, 64, 1000, threads, true),
        20,
        shipped.version(0),
        "tester");
  }
}
