package dev.sampo.reward.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ImageGrid;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.LogProbs;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.RewardOutcome.Failed;
import dev.sampo.protocol.RewardOutcome.Scored;
import dev.sampo.protocol.RewardOutcome.Unscorable;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StopReason;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import dev.sampo.reward.RewardException;
import dev.sampo.reward.RewardFunction;
import dev.sampo.reward.RewardInput;
import dev.sampo.reward.RewardSettings;
import dev.sampo.reward.RewardSettings.WeightedReward;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RewardPipelineTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(20);
  private static final RewardFunction LENGTH =
      function("length", input -> new Scored(input.completion().length()));

  private final ExecutorService threads = Executors.newFixedThreadPool(2);

  @AfterEach
  void stopThreads() throws InterruptedException {
    threads.shutdownNow();
    assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void theTotalIsTheWeightedSumAndScoresKeepTheOrderOfTheCompletions() {
    RewardFunction question = function("question", input -> new Scored(input.question().length()));
    RewardPipeline pipeline =
        pipeline(
            LONG,
            1,
            List.of(LENGTH, question),
            new WeightedReward("question", -0.5),
            weighted("length", 2));

    ScoredGroup scored = pipeline.score(group("a", "bcd")).join();

    assertThat(scored.scores())
        .extracting(score -> score.total().orElseThrow())
        .containsExactly(-1.0, 3.0);
    assertThat(scored.scores().getLast().outcomes())
        .containsExactly(Map.entry("question", new Scored(6)), Map.entry("length", new Scored(3)));
  }

  @Test
  void aCompletionThatAFunctionFailsOnHasNoTotalRatherThanOneThatLacksIt() {
    RewardFunction fussy =
        function(
            "fussy",
            input -> {
              if (input.completion().equals("bad")) {
                throw new IllegalStateException("no box\nat all");
              }
              return new Scored(1);
            });

    RewardPipeline pipeline =
        pipeline(LONG, 1, List.of(LENGTH, fussy), weighted("length", 1), weighted("fussy", 10));
    pipeline.score(group("good")).join();
    List<CompletionScore> scores = pipeline.score(group("good", "bad")).join().scores();

    assertThat(scores.getFirst().total()).hasValue(14);
    assertThat(scores.getLast().total()).isEmpty();
    assertThat(scores.getLast().outcomes())
        .containsEntry("length", new Scored(3))
        .containsEntry("fussy", new Failed("threw IllegalStateException: no box", true));
  }

  @Test
  void whatDoesNotApplyOrDoesNotCountLeavesTheTotalOfTheOthers() {
    RewardFunction choosy = function("choosy", input -> new Unscorable("no reference"));
    RewardFunction watched =
        function(
            "watched",
            input -> {
              throw new IllegalStateException("down");
            });

    CompletionScore score =
        only(
            pipeline(
                LONG,
                1,
                List.of(LENGTH, choosy, watched),
                weighted("length", 2),
                weighted("choosy", 1),
                weighted("watched", 0)));

    assertThat(score.total()).hasValue(2);
  }

  @Test
  void ofAFailureItIsSaidWhetherTheFunctionStillScoresWhatItScoredLast() {
    AtomicBoolean down = new AtomicBoolean();
    RewardFunction judge =
        function(
            "judge",
            input -> {
              if (down.get() || input.completion().equals("bad")) {
                throw new IllegalStateException("no");
              }
              return new Scored(1);
            });
    RewardFunction other = function("other", input -> new Scored(1)); // says nothing about judge
    RewardPipeline pipeline =
        pipeline(LONG, 1, List.of(judge, other), weighted("judge", 1), weighted("other", 1));

    assertThat(judged(pipeline, "bad")).as("nothing known").isEqualTo(failed(false));
    pipeline.score(group("good")).join();
    assertThat(judged(pipeline, "bad")).isEqualTo(failed(true));
    down.set(true);
    assertThat(judged(pipeline, "good")).isEqualTo(failed(false));
    down.set(false);
    assertThat(judged(pipeline, "good")).isEqualTo(new Scored(1));
  }

  /** The function answers some by itself, which says nothing about the service that it asks. */
  @Test
  void aFunctionWithoutConnectionIsNotTakenToWorkForWhatItAnswersByItself() {
    RewardFunction judge =
        function(
            "judge",
            input -> {
              if (input.completion().equals("malformed")) {
                return new Scored(0);
              }
              throw new IllegalStateException("no", new ConnectException("refused"));
            });
    RewardPipeline pipeline = pipeline(LONG, 1, List.of(judge), weighted("judge", 1));
    pipeline.score(group("malformed", "malformed")).join();

    assertThat(judged(pipeline, "fine")).isEqualTo(failed(false));
  }

  @Test
  void whatAFunctionScoresInAGroupThatItFailsOnIsNotWhatItIsTriedWith() {
    AtomicBoolean down = new AtomicBoolean();
    RewardFunction judge =
        function(
            "judge",
            input -> {
              if (down.get() && !input.completion().equals("malformed")) {
                throw new IllegalStateException("no");
              }
              return new Scored(1);
            });
    RewardPipeline pipeline = pipeline(LONG, 1, List.of(judge), weighted("judge", 1));
    pipeline.score(group("fine")).join();
    down.set(true);
    pipeline.score(group("fine", "malformed")).join();

    assertThat(judged(pipeline, "fine")).isEqualTo(failed(false));
  }

  private static RewardOutcome judged(RewardPipeline pipeline, String completion) {
    return Objects.requireNonNull(
        pipeline.score(group(completion)).join().scores().getFirst().outcomes().get("judge"));
  }

  private static Failed failed(boolean worksElsewhere) {
    return new Failed("threw IllegalStateException: no", worksElsewhere);
  }

  @Test
  void anErrorOrAMissingOutcomeIsAFailureToo() {
    RewardFunction deep =
        function(
            "deep",
            input -> {
              throw new StackOverflowError();
            });
    @SuppressWarnings("NullAway") // what a careless function does
    RewardFunction nothing = function("nothing", input -> null);
    RewardFunction notANumber = function("not-a-number", input -> new Scored(Double.NaN));

    CompletionScore score =
        only(
            pipeline(
                LONG,
                1,
                List.of(deep, nothing, notANumber),
                weighted("deep", 1),
                weighted("nothing", 1),
                weighted("not-a-number", 1)));

    assertThat(score.outcomes().values()).hasOnlyElementsOfType(Failed.class);
    assertThat(score.total()).as("nothing was scored").isEmpty();
  }

  @Test
  void aFunctionThatHangsIsInterruptedAndFailsWithTheTimeItHad() throws InterruptedException {
    CountDownLatch interrupted = new CountDownLatch(1);
    RewardFunction hanging =
        function(
            "hanging",
            input -> {
              try {
                new CountDownLatch(1).await();
                return new Scored(1);
              } finally {
                interrupted.countDown();
              }
            });

    CompletionScore score =
        only(
            pipeline(
                SHORT, 1, List.of(LENGTH, hanging), weighted("hanging", 1), weighted("length", 1)));

    assertThat(score.outcomes()).containsEntry("hanging", new Failed("took longer than 0.02 s"));
    assertThat(score.total()).isEmpty();
    assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aThreadServesOthersAfterItWasInterrupted() {
    RewardFunction hanging =
        function(
            "hanging",
            input -> {
              if (input.completion().startsWith("hang")) {
                new CountDownLatch(1).await();
              }
              return new Scored(1);
            });
    RewardPipeline pipeline = pipeline(SHORT, 1, List.of(hanging), weighted("hanging", 1));

    for (int i = 0; i < 5; i++) {
      assertThat(pipeline.score(group("hang1", "hang2", "hang3")).join().scores())
          .allMatch(score -> score.total().isEmpty());
    }
    RewardPipeline patient = pipeline(LONG, 1, List.of(hanging), weighted("hanging", 1));
    assertThat(patient.score(group("a", "b")).join().scores())
        .allMatch(score -> score.total().isPresent());
  }

  @Test
  void threadsThatNeverComeBackDoNotHoldAGroupForEver() {
    CountDownLatch release = new CountDownLatch(1);
    RewardFunction stubborn =
        function(
            "stubborn",
            input -> {
              awaitIgnoringInterrupts(release);
              return new Scored(1);
            });

    List<CompletionScore> scores =
        pipeline(SHORT, 1, List.of(stubborn), weighted("stubborn", 1))
            .score(group("a", "b", "c", "d"))
            .join()
            .scores();
    release.countDown();

    assertThat(scores)
        .extracting(score -> score.outcomes().get("stubborn"))
        .containsExactlyInAnyOrder(
            new Failed("took longer than 0.02 s"),
            new Failed("took longer than 0.02 s"),
            new Failed("no reward thread became free within 0.06 s"),
            new Failed("no reward thread became free within 0.06 s"));
  }

  @Test
  void aGroupThatWaitsForOthersIsNotGivenUpForTheTimeThatTheyTake() throws InterruptedException {
    CountDownLatch interrupted = new CountDownLatch(6);
    RewardFunction hangingForFirst =
        function(
            "hanging",
            input -> {
              if (input.completion().equals("first")) {
                try {
                  new CountDownLatch(1).await();
                } finally {
                  interrupted.countDown();
                }
              }
              return new Scored(1);
            });
    RewardPipeline pipeline =
        pipeline(Duration.ofMillis(500), 1, List.of(hangingForFirst), weighted("hanging", 1));
    for (int i = 0; i < 3; i++) { // on two threads they take 1.5 s
      var _ = pipeline.score(group("first", "first"));
    }

    ScoredGroup last = pipeline.score(group("last")).join(); // alone it would have 1 s

    assertThat(last.scores()).allMatch(score -> score.total().isPresent());
    assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aFailedAttemptIsRetriedUpToTheLimit() {
    AtomicInteger calls = new AtomicInteger();
    RewardFunction flaky =
        function(
            "flaky",
            input -> {
              if (calls.incrementAndGet() < 3) {
                throw new IllegalStateException("not yet");
              }
              return new Scored(7);
            });

    assertThat(only(pipeline(LONG, 3, List.of(flaky), weighted("flaky", 1))).total()).hasValue(7);
    calls.set(0);
    assertThat(only(pipeline(LONG, 2, List.of(flaky), weighted("flaky", 1))).outcomes())
        .containsEntry("flaky", new Failed("threw IllegalStateException: not yet"));
    assertThat(calls).hasValue(2);
  }

  @Test
  void aRowThatCannotBeScoredIsNotTriedAgain() {
    AtomicInteger calls = new AtomicInteger();
    RewardFunction choosy =
        function(
            "choosy",
            input -> {
              calls.incrementAndGet();
              return new Unscorable("no reference");
            });

    CompletionScore score = only(pipeline(LONG, 5, List.of(choosy), weighted("choosy", 1)));

    assertThat(score.outcomes()).containsEntry("choosy", new Unscorable("no reference"));
    assertThat(score.total()).isEmpty();
    assertThat(calls).hasValue(1);
  }

  @Test
  void threadsThatWereShutDownFailTheGroupInsteadOfThrowing() {
    RewardPipeline pipeline = pipeline(LONG, 1, List.of(LENGTH), weighted("length", 1));
    threads.shutdown();

    assertThat(only(pipeline).outcomes())
        .containsEntry("length", new Failed("the reward threads take no more work"));
  }

  @Test
  void manyGroupsAtOnceAllEnd() {
    RewardPipeline pipeline = pipeline(LONG, 1, List.of(LENGTH), weighted("length", 1));
    List<CompletableFuture<ScoredGroup>> pending = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      pending.add(pipeline.score(group("a", "bb", "ccc")));
    }

    assertThat(pending)
        .allSatisfy(scored ->
            assertThat(scored.join().scores())
                .extracting(score -> score.total().orElseThrow())
                .containsExactly(1.0, 2.0, 3.0));
  }

  @Test
  void theStandardFunctionsScoreARealGroup() {
    RewardSettings settings =
        new RewardSettings(List.of(weighted("iou", 1), weighted("rec-format", 1)), LONG, 1, 2);
    RewardPipeline pipeline = new RewardPipeline(settings, RewardRegistry.standard(), threads);

    ScoredGroup scored =
        pipeline
            .score(
                group(
                    "<think>t</think><answer>{\"bbox\":[10,10,30,30]}</answer>",
                    "<answer>[10,10,30,30]</answer>",
                    "no idea"))
            .join();

    assertThat(scored.scores())
        .extracting(score -> score.total().orElseThrow())
        .containsExactly(2.0, 1.0, 0.0);
  }

  @Test
  void anUnknownNameIsRefusedWithTheNamesThereAre() {
    RewardSettings settings = new RewardSettings(List.of(weighted("uoi", 1)), LONG, 1, 1);

    assertThatThrownBy(() -> new RewardPipeline(settings, RewardRegistry.standard(), threads))
        .isInstanceOf(RewardException.class)
        .hasMessage("unknown reward function \"uoi\"; known are format, iou, rec-format");
  }

  private CompletionScore only(RewardPipeline pipeline) {
    return pipeline.score(group("a")).join().scores().getFirst();
  }

  private RewardPipeline pipeline(
      Duration timeout, int attempts, List<RewardFunction> functions, WeightedReward... weights) {
    RewardSettings settings = new RewardSettings(List.of(weights), timeout, attempts, 2);
    return new RewardPipeline(settings, new RewardRegistry(functions), threads);
  }

  private static WeightedReward weighted(String name, double weight) {
    return new WeightedReward(name, weight);
  }

  private interface Score {
    RewardOutcome of(RewardInput input) throws Exception;
  }

  private static RewardFunction function(String name, Score score) {
    return new RewardFunction() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public RewardOutcome score(RewardInput input) throws Exception {
        return score.of(input);
      }
    };
  }

  private static void awaitIgnoringInterrupts(CountDownLatch release) {
    while (true) {
      try {
        release.await();
        return;
      } catch (InterruptedException e) {
        // a library that swallows interruption
      }
    }
  }

  private static CompletionGroup group(String... texts) {
    PolicyVersion version = new PolicyVersion("run", 1, 0, "0");
    List<Completion> completions = new ArrayList<>();
    for (String text : texts) {
      completions.add(
          new Completion(
              TokenIds.of(1),
              LogProbs.of(-1f),
              List.of(new VersionSpan(0, version)),
              StopReason.END_OF_TURN,
              text));
    }
    Prompt prompt =
        new Prompt(
            "a:1",
            "rec",
            "where?",
            List.of(new ImageRef("0".repeat(64), 84, 84, 1)),
            "<answer> [10, 10, 30, 30] </answer>",
            Map.of());
    return new CompletionGroup(
        new LeaseId(1, new GroupId(0), 1),
        prompt,
        TokenIds.of(1, 2),
        List.of(new ImageGrid(1, 6, 6, OptionalInt.of(14))),
        SamplingSettings.atTemperature(1, 8),
        1,
        completions,
        "worker");
  }
}
