package dev.sampo.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.StopReason;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The cache is scripted (token t is followed by t + 1), the sampling is real. */
class DecodeLoopTest {
  private static final int END = 60;
  private static final SamplingSettings GREEDY = SamplingSettings.greedy(8);
  private static final PolicyVersion V0 = version(0);

  private final ScriptedCache cache =
      ScriptedCache.of(new GenerationCache.Capacity(2, 2, 4, 8), Map.of());
  private final NDManager manager = NDManager.newBaseManager();
  private final DecodeLoop<String> loop = loop(cache, 100);

  @AfterEach
  void close() {
    loop.close();
    manager.close();
  }

  @Test
  void completionEndsWithItsEndToken() {
    admit("a", 57, 1);

    List<DecodeLoop.Finished<String>> finished = finishAll();

    assertThat(finished).extracting(DecodeLoop.Finished::ticket).containsExactly("a");
    Completion completion = finished.getFirst().completions().getFirst();
    assertThat(completion.tokens()).isEqualTo(TokenIds.of(58, 59, END));
    assertThat(completion.stop()).isEqualTo(StopReason.END_OF_TURN);
    assertThat(completion.text()).isEqualTo("[58, 59, 60]");
    assertThat(completion.versions()).containsExactly(new VersionSpan(0, V0));
  }

  @Test
  void completionIsCutAtItsLongestLength() {
    admit("a", 10, 1);

    Completion completion = finishAll().getFirst().completions().getFirst();

    assertThat(completion.tokens()).isEqualTo(TokenIds.of(11, 12, 13, 14, 15, 16, 17, 18));
    assertThat(completion.stop()).isEqualTo(StopReason.LENGTH);
  }

  @Test
  void completionOfOneTokenNeedsNoDecoding() {
    loop.admit(request("a", 10, 1, SamplingSettings.greedy(1)));

    assertThat(loop.step(V0)).hasSize(1);
    assertThat(cache.calls()).containsExactly("prefill [0]");
  }

  @Test
  void slotOfAFinishedGroupIsTakenByTheNextWhileOthersGoOn() {
    admit("long", 10, 2);
    admit("short", 58, 1);
    assertThat(loop.numFreeSlots()).isZero();
    List<String> finished = new ArrayList<>();

    while (finished.isEmpty()) {
      loop.step(V0).forEach(group -> finished.add(group.ticket()));
    }
    assertThat(finished).containsExactly("short");
    assertThat(loop.numFreeSlots()).isEqualTo(1);
    admit("next", 58, 2);
    finishAll().forEach(group -> finished.add(group.ticket()));

    assertThat(finished).containsExactly("short", "next", "long");
    assertThat(cache.calls())
        .containsExactly(
            "prefill [0, 1]",
            "decode [0, 1, 2]",
            "prefill [1]",
            "decode [0, 1, 2, 3]",
            "decode [0, 1]",
            "decode [0, 1]",
            "decode [0, 1]",
            "decode [0, 1]",
            "decode [0, 1]");
  }

  @Test
  void promptsAreTakenInUpToTheBudgetAndAtLeastOne() {
    ScriptedCache wide = ScriptedCache.of(new GenerationCache.Capacity(4, 1, 4, 8), Map.of());
    try (DecodeLoop<String> limited = loop(wide, 5)) {
      for (String ticket : List.of("a", "b", "c", "d")) {
        limited.admit(request(ticket, 10, 1, SamplingSettings.greedy(1)));
      }
      while (!limited.isIdle()) {
        limited.step(V0);
      }
    }
    assertThat(wide.calls())
        .as("two prompts of 2 tokens fit 5")
        .containsExactly("prefill [0, 1]", "prefill [2, 3]");

    ScriptedCache narrow = ScriptedCache.of(new GenerationCache.Capacity(2, 1, 4, 8), Map.of());
    try (DecodeLoop<String> limited = loop(narrow, 1)) {
      limited.admit(request("a", 10, 1, SamplingSettings.greedy(1)));
      limited.admit(request("b", 10, 1, SamplingSettings.greedy(1)));
      limited.step(V0);
    }
    assertThat(narrow.calls()).containsExactly("prefill [0]");
  }

  @Test
  void apartEveryGroupHasCallsOfItsOwnWithAllItsRowsUntilTheLastHasEnded() {
    ScriptedCache wide = ScriptedCache.of(new GenerationCache.Capacity(2, 2, 4, 8), Map.of());
    try (DecodeLoop<String> apart = loop(wide, 100, DecodeLoop.Batching.APART)) {
      apart.admit(request("a", 57, 2, GREEDY)); // 58, 59, 60
      apart.admit(request("b", 58, 2, GREEDY)); // 59, 60
      List<DecodeLoop.Finished<String>> finished = new ArrayList<>();
      while (!apart.isIdle()) {
        finished.addAll(apart.step(V0));
      }

      assertThat(finished).extracting(DecodeLoop.Finished::ticket).containsExactly("b", "a");
      assertThat(apart.numSampledTokens()).isEqualTo(2 * 3 + 2 * 2);
    }
    assertThat(wide.calls())
        .containsExactly(
            "prefill [0]", "prefill [1]", "decode [0, 1]", "decode [2, 3]", "decode [0, 1]");
  }

  @Test
  void everyTokenIsMarkedWithTheVersionThatSampledIt() {
    admit("a", 54, 2);

    loop.step(V0); // tokens 55 and 56
    loop.step(version(1)); // 57
    loop.step(version(1)); // 58
    List<DecodeLoop.Finished<String>> finished = new ArrayList<>(loop.step(version(3))); // 59
    assertThat(finished).isEmpty();
    assertThat(loop.find("a").orElseThrow().oldestStep()).isZero();
    finished.addAll(loop.step(version(3))); // 60

    assertThat(finished.getFirst().completions())
        .allSatisfy(completion ->
            assertThat(completion.versions())
                .containsExactly(
                    new VersionSpan(0, V0),
                    new VersionSpan(2, version(1)),
                    new VersionSpan(4, version(3))));
  }

  @Test
  void cancelledGroupGivesItsSlotBackWhereverItIs() {
    admit("waiting", 10, 1);
    assertThat(loop.cancel("waiting")).isTrue();
    admit("running", 10, 1);
    loop.step(V0);
    assertThat(loop.cancel("running")).isTrue();

    assertThat(loop.cancel("running")).isFalse();
    assertThat(loop.numFreeSlots()).isEqualTo(2);
    assertThat(loop.isIdle()).isTrue();
    assertThat(loop.step(V0)).isEmpty();
  }

  @Test
  void progressCountsTheTokensOfAllCompletions() {
    admit("a", 10, 2);

    assertThat(loop.find("a").orElseThrow().numTokens()).isZero();
    loop.step(V0);
    assertThat(loop.find("a").orElseThrow().numTokens()).isEqualTo(4);
    loop.step(V0);
    assertThat(loop.find("a").orElseThrow().numTokens()).isEqualTo(6);
    assertThat(loop.numSampledTokens()).isEqualTo(6);
    assertThat(loop.find("b")).isEmpty();
  }

  @Test
  void uniformNumberOfATokenBelongsToItsPlace() {
    DecodeRow row = new DecodeRow(3, GREEDY, 7, DecodeLoop.TokenListener.NOBODY);

    assertThat(row.uniform()).isEqualTo(Uniforms.at(7, 3, 0));
    row.append(10, -1, V0, false);
    assertThat(row.uniform()).isEqualTo(Uniforms.at(7, 3, 1));
  }

  @Test
  void groupThatDoesNotFitIsRefusedAndTakesNoSlot() {
    assertThatThrownBy(() -> admit("a", 10, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("completions of the group: at most 2, got 3");
    assertThatThrownBy(() -> loop.admit(request("a", 10, 1, SamplingSettings.greedy(9))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("max-tokens: at most 8, got 9");
    assertThatThrownBy(
            () -> loop.admit(new DecodeLoop.Request<>("a", prompt(1, 2, 3, 4, 5), 1, GREEDY, 0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tokens of the prompt: at most 4, got 5");
    assertThat(loop.numFreeSlots()).isEqualTo(2);

    admit("a", 10, 1);
    admit("b", 10, 1);
    assertThatThrownBy(() -> admit("c", 10, 1)).isInstanceOf(IllegalStateException.class);
  }

  private List<DecodeLoop.Finished<String>> finishAll() {
    List<DecodeLoop.Finished<String>> finished = new ArrayList<>();
    while (!loop.isIdle()) {
      finished.addAll(loop.step(V0));
    }
    return finished;
  }

  private void admit(String ticket, int lastToken, int numCompletions) {
    loop.admit(request(ticket, lastToken, numCompletions, GREEDY));
  }

  private static DecodeLoop.Request<String> request(
      String ticket, int lastToken, int numCompletions, SamplingSettings sampling) {
    return new DecodeLoop.Request<>(ticket, prompt(1, lastToken), numCompletions, sampling, 7);
  }

  private DecodeLoop<String> loop(ScriptedCache cache, int prefillTokens) {
    return loop(cache, prefillTokens, DecodeLoop.Batching.TOGETHER);
  }

  private DecodeLoop<String> loop(
      ScriptedCache cache, int prefillTokens, DecodeLoop.Batching batching) {
    return new DecodeLoop<>(
        cache,
        manager.newSubManager(),
        new AnswerTokens(Set.of(END), Arrays::toString),
        prefillTokens,
        batching);
  }

  private static EncodedPrompt prompt(int... ids) {
    return new EncodedPrompt(ids, new int[3][ids.length], ids.length, List.of());
  }

  private static PolicyVersion version(long step) {
    return new PolicyVersion("run", 1, step, "0".repeat(64));
  }
}
