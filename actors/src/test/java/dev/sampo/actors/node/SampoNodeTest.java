package dev.sampo.actors.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.sampo.actors.journal.ListedJournal;
import dev.sampo.actors.journal.RunLedger;
import dev.sampo.actors.pipeline.JournalWriter;
import dev.sampo.actors.pipeline.RunStatus;
import dev.sampo.actors.pipeline.WaitedTooLongException;
import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.GroupLedger;
import dev.sampo.actors.run.GroupState;
import dev.sampo.actors.run.PromptFeed;
import dev.sampo.actors.run.Replacement;
import dev.sampo.actors.run.StalenessGate;
import dev.sampo.learner.guard.GuardAction;
import dev.sampo.learner.guard.GuardRule;
import dev.sampo.learner.guard.GuardSettings;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.ScoredGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real actors, cluster, HTTP and files; the model is a {@link CountingModel}. */
@Timeout(120)
class SampoNodeTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final byte[] IMAGE = {1, 2, 3};
  private static final int GROUPS_PER_STEP = 4;

  @TempDir Path folder;
  private final RunWatcher watcher = new RunWatcher();
  private final List<Long> saved = new CopyOnWriteArrayList<>(); // steps with a checkpoint
  private final List<ScoredGroup> skipped = new CopyOnWriteArrayList<>();
  private Replacement replacement = Replacement.NONE;
  private GuardSettings guards = new GuardSettings(List.of(), 2, 0);
  private CountingModel.Faults faults = CountingModel.Faults.NONE;
  private Runnable opening = () -> {};
  private Consumer<RolloutLease> preparing = lease -> {};
  private CompletableFuture<Void> scoring = CompletableFuture.completedFuture(null);
  private Supplier<RunLedger> ledger = ListedJournal::ledger;

  @Test
  void oneNodeWithAllRolesTrainsItsStepsWithinTheBound() throws Exception {
    try (SampoNode node = start(parts(true, true, true, 12, 1), Optional.empty())) {
      assertThat(await(node.finished()).step()).isEqualTo(12);

      assertThat(watcher.steps).hasSize(12);
      assertThat(watcher.steps)
          .allSatisfy(
              report -> assertThat(report.metrics().get("staleness/max")).isBetween(0., 1.));
      assertThat(trainedSteps(node)).hasSize(12 * GROUPS_PER_STEP);
    }
  }

  @Test
  void withoutStalenessEveryTokenIsSampledByTheWeightsThatItTrains() throws Exception {
    try (SampoNode node = start(parts(true, true, true, 6, 0), Optional.empty())) {
      await(node.finished());

      assertThat(watcher.steps)
          .allSatisfy(report -> assertThat(report.metrics().get("staleness/max")).isZero());
    }
  }

  @Test
  void groupsWithNothingToLearnAreReplacedAndTheirQuotaReturned() throws Exception {
    replacement =
        new Replacement(
            2, group -> group.id().value() % 3 == 0 ? Optional.of("dull") : Optional.empty());
    for (int maxStaleness : new int[] {0, 1}) {
      watcher.steps.clear();
      try (SampoNode node = start(parts(true, true, true, 6, maxStaleness), Optional.empty())) {
        await(node.finished());

        GroupLedger.Counts counts = await(node.status()).groups();
        assertThat(counts.trained()).isEqualTo(6 * GROUPS_PER_STEP);
        assertThat(counts.filtered()).isBetween(6, 2 * 6);
        assertThat(watcher.steps)
            .extracting(step -> step.metrics().get("filtered/replaced"))
            .allSatisfy(replaced -> assertThat(replaced).isBetween(0.0, 2.0));
        Map<GroupId, GroupState> states = await(node.ledger()).states();
        assertThat(states.values())
            .filteredOn(GroupState.Filtered.class::isInstance)
            .containsOnly(new GroupState.Filtered("dull"));
        states.forEach((group, state) ->
            assertThat(state instanceof GroupState.Filtered && group.value() % 3 != 0).isFalse());
      }
    }
  }

  @Test
  void aRowThatCannotBeAskedIsSetAsideAndTheRunGoesOn() throws Exception {
    NodeParts parts = parts(true, true, true, 3, 1, row -> row == 2 ? "impossible" : "question");
    try (SampoNode node = start(parts, Optional.empty())) {
      await(node.finished());

      assertThat(watcher.setAside).containsExactly("train.jsonl:2: impossible to ask");
    }
  }

  @Test
  void aFailureOfTheCoordinatorFailsTheRun() {
    NodeParts parts =
        parts(
            true,
            true,
            true,
            3,
            1,
            row -> {
              throw new IllegalStateException("no more rows");
            });
    try (SampoNode node = start(parts, Optional.empty())) {
      assertThatThrownBy(() -> await(node.finished())).hasRootCauseMessage("no more rows");
    }
  }

  @Test
  void rolesOnSeveralNodesTrainTogetherAndALateWorkerGetsASnapshot() throws Exception {
    try (SampoNode learner = start(parts(true, false, false, 40, 1), Optional.empty());
        SampoNode reward = join(parts(false, false, true, 40, 1), learner);
        SampoNode first = join(parts(false, true, false, 40, 1), learner)) {
      watcher.awaitStep(10);
      learner.pause(); // so that the run cannot end before the late worker is there
      try (SampoNode late = join(parts(false, true, false, 40, 1), learner)) {
        RunStatus joined = awaitWorkers(learner, 2);
        learner.resume();
        await(learner.finished());

        assertThat(joined.workers()).allSatisfy(worker -> assertThat(worker.step()).isPositive());
        assertThat(trainedSteps(learner)).hasSize(40 * GROUPS_PER_STEP);
        assertThat(late.httpUrl()).isNotEqualTo(first.httpUrl());
        assertThat(reward.httpUrl()).isNotEqualTo(first.httpUrl());
      }
    }
  }

  @Test
  void aWorkerKilledWithNineCostsNothingButItsLeases() throws Exception {
    try (SampoNode node = start(parts(true, false, true, 400, 1), Optional.empty())) {
      Process victim = rolloutProcess(node, "victim");
      try {
        watcher.awaitStep(3);
      } finally {
        victim.destroyForcibly().waitFor();
      }
      Process successor = rolloutProcess(node, "successor");
      try {
        assertThat(await(node.finished()).step()).isEqualTo(400);
      } finally {
        successor.destroyForcibly().waitFor();
      }

      assertThat(trainedSteps(node)).hasSize(400 * GROUPS_PER_STEP);
      assertThat(watcher.steps)
          .allSatisfy(
              report -> assertThat(report.metrics().get("staleness/max")).isBetween(0., 1.));
      GroupLedger.Counts counts = await(node.status()).groups();
      assertThat(counts.total()).isEqualTo(await(node.ledger()).states().size());
      assertThat(counts.setAside()).isZero();
    }
  }

  private Process rolloutProcess(SampoNode seed, String name) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            RolloutNodeMain.class.getName(),
            seed.joinAddress(),
            folder.resolve(name).toString())
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve(name + ".log").toFile())
        .start();
  }

  @Test
  void aPausedLearnerStopsDecodingAtTheBoundAndLosesNothing() throws Exception {
    try (SampoNode node = start(parts(true, true, true, 1_000, 1), Optional.empty())) {
      watcher.awaitStep(3);
      post(node.httpUrl() + "/control/pause");

      RunStatus full = awaitStandstill(node);
      long limit = (1 + full.step() + 1) * GROUPS_PER_STEP;
      assertThat(full.groups().leased()).isZero();
      assertThat(full.groups().accepted() + full.groups().trained())
          .isLessThanOrEqualTo((int) limit);
      assertThat(full.groups().accepted()).isPositive();

      post(node.httpUrl() + "/control/resume");
      watcher.awaitStep(full.step() + 5);
      assertThat(await(node.status()).groups().setAside()).isZero();
    }
  }

  @Test
  void aGuardPausesTheLearnerWithACheckpointUntilSomebodyLetsItGoOn() throws Exception {
    guards = new GuardSettings(List.of(rule(2, GuardAction.PAUSE)), 2, 0);
    try (SampoNode node = start(parts(true, true, true, 5, 1), Optional.empty())) {
      String line = "guard: reward above 0.5 for 2 steps in a row, 1.000 at step 2";
      assertThat(watcher.pauses.poll(60, TimeUnit.SECONDS)).contains(line);
      awaitStandstill(node);
      assertThat(get(node.httpUrl() + "/status"))
          .contains("\"paused\":true", "\"reason\":\"" + line + "\"");
      assertThat(saved).containsExactly(2L);
      assertThat(watcher.steps).hasSize(2);

      post(node.httpUrl() + "/control/resume");
      assertThat(watcher.pauses.poll(60, TimeUnit.SECONDS)).isEmpty();
      assertThat(watcher.pauses.poll(60, TimeUnit.SECONDS)).get().asString().contains("at step 4");
      post(node.httpUrl() + "/control/resume");

      assertThat(await(node.finished()).step()).isEqualTo(5);
      assertThat(watcher.steps.stream().map(step -> step.metrics().get("guards/fired")))
          .containsExactly(0., 1., 0., 1., 0.);
    }
  }

  @Test
  void aGuardEndsTheRunWithACheckpoint() {
    guards = new GuardSettings(List.of(rule(3, GuardAction.STOP)), 2, 0);
    try (SampoNode node = start(parts(true, true, true, 9, 1), Optional.empty())) {
      assertThatThrownBy(() -> await(node.finished()))
          .cause()
          .isInstanceOf(RunStoppedException.class)
          .hasMessage("guard: reward above 0.5 for 3 steps in a row, 1.000 at step 3");
      assertThat(saved).containsExactly(3L);
      assertThat(watcher.steps).hasSize(3);
    }
  }

  @Test
  void aGuardThatWarnsIsALineAndTheRunGoesOn() throws Exception {
    guards = new GuardSettings(List.of(rule(4, GuardAction.WARN)), 2, 0);
    try (SampoNode node = start(parts(true, true, true, 5, 1), Optional.empty())) {
      await(node.finished());

      assertThat(watcher.notices)
          .containsExactly("guard: reward above 0.5 for 4 steps in a row, 1.000 at step 4");
    }
  }

  @Test
  void aRunWhoseStepsAreNeverFiniteEnds() {
    faults = CountingModel.Faults.FIRST_UPDATE;
    try (SampoNode node = start(parts(true, true, true, 5, 1), Optional.empty())) {
      assertThatThrownBy(() -> await(node.finished()))
          .cause()
          .isInstanceOf(RunStoppedException.class)
          .hasMessage("3 steps in a row were not finite, the last: the loss is not finite");
      assertThat(watcher.steps).isEmpty();
      assertThat(watcher.notices).hasSize(3);
      assertThat(skipped).hasSize(3);
    }
  }

  @Test
  void theGroupBehindALaterUpdateIsSetAsideAndTheRunGoesOn() throws Exception {
    faults = CountingModel.Faults.LATER_UPDATE;
    try (SampoNode node = start(parts(true, true, true, 5, 1), Optional.empty())) {
      assertThat(await(node.finished()).step()).isEqualTo(5);

      assertThat(watcher.notices)
          .hasSize(5)
          .first()
          .asString()
          .startsWith("step 1 ended before its last update, which was not finite: groups [");
      assertThat(skipped).hasSize(5).doesNotHaveDuplicates();
    }
  }

  @Test
  void aNodeWithoutTheLearnerSaysThatItCannotPause() throws Exception {
    try (SampoNode node = start(parts(false, false, true, 5, 1), Optional.empty())) {
      assertThat(send(node.httpUrl() + "/control/pause")).isEqualTo(409);
    }
  }

  private static GuardRule rule(int steps, GuardAction action) {
    return new GuardRule("reward", Optional.empty(), Optional.of(0.5), steps, action);
  }

  @Test
  void aTakenPortIsOneClearLine() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      NodeAddress address =
          new NodeAddress("127.0.0.1", 0, taken.getLocalPort(), Optional.empty(), PATIENCE);

      assertThatThrownBy(() ->
              SampoNode.start(
                  address, parts(true, true, true, 1, 0), watcher, ConfigFactory.empty()))
          .isInstanceOf(NodeStartException.class)
          .hasMessage(
              "cannot listen on 127.0.0.1:%d: the port is in use or the address is not this"
                  + " machine's",
              taken.getLocalPort());
    }
  }

  @Test
  void aNodeThatFindsNoClusterEnds() throws IOException {
    String nobody;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = "127.0.0.1:" + free.getLocalPort();
    }
    NodeAddress address =
        new NodeAddress("127.0.0.1", 0, 0, Optional.of(nobody), Duration.ofSeconds(3));
    try (SampoNode node =
        SampoNode.start(address, parts(false, true, false, 1, 0), watcher, ConfigFactory.empty())) {
      assertThatThrownBy(() -> await(node.finished()))
          .cause()
          .isInstanceOf(WaitedTooLongException.class)
          .hasMessage(
              "waited 3s (node.patience) for a cluster at %s: is the learner's node up, and is"
                  + " that its address?",
              nobody);
    }
  }

  @Test
  void aNodeWhoseClusterHasNoLearnerEnds() {
    try (SampoNode reward = start(parts(false, false, true, 1, 0), Optional.empty());
        SampoNode node =
            SampoNode.start(
                new NodeAddress(
                    "127.0.0.1", 0, 0, Optional.of(reward.joinAddress()), Duration.ofSeconds(5)),
                parts(false, true, false, 1, 0),
                watcher,
                ConfigFactory.empty())) {
      assertThatThrownBy(() -> await(node.finished()))
          .cause()
          .hasMessageContaining("for weights: no version was announced");
    }
  }

  /** As one that takes many steps again; it begins when the rollout node has not lost patience. */
  @Test
  void aLearnerThatTakesLongToBeginIsWaitedFor() throws Exception {
    CompletableFuture<SampoNode> waiting = new CompletableFuture<>();
    Duration patience = Duration.ofSeconds(3);
    opening =
        () ->
            assertThatThrownBy(() ->
                    waiting
                        .join()
                        .finished()
                        .toCompletableFuture()
                        .get(3 * patience.toMillis(), TimeUnit.MILLISECONDS))
                .isInstanceOf(TimeoutException.class);
    try (SampoNode learner = start(parts(true, false, true, 3, 1), Optional.empty());
        SampoNode rollout =
            SampoNode.start(
                new NodeAddress("127.0.0.1", 0, 0, Optional.of(learner.joinAddress()), patience),
                parts(false, true, false, 3, 1),
                watcher,
                ConfigFactory.empty())) {
      waiting.complete(rollout);

      assertThat(await(learner.finished()).step()).isEqualTo(3);
    }
  }

  @Test
  void aNodeThatLostItsLearnerServesTheNextOneAfterJoiningAgain() throws Exception {
    SampoNode first = start(parts(true, false, true, 400, 1), Optional.empty());
    NodeParts rollout = parts(false, true, false, 400, 1);
    try (SampoNode node = join(rollout, first)) {
      watcher.awaitStep(2);
      first.close();
      assertThatThrownBy(() -> await(node.finished()))
          .cause()
          .isInstanceOf(LearnerGoneException.class);
    }
    try (SampoNode second = start(parts(true, false, true, 5, 1), Optional.empty());
        SampoNode _ = join(rollout, second)) {
      assertThat(await(second.finished()).step()).isEqualTo(5);
    }
  }

  @Test
  void everyNodeEndsWithTheRun() throws Exception {
    try (SampoNode reward = start(parts(false, false, true, 3, 1), Optional.empty());
        SampoNode rollout = join(parts(false, true, false, 3, 1), reward)) {
      try (SampoNode learner = join(parts(true, false, false, 3, 1), reward)) {
        await(learner.finished());
      }
      assertThat(await(rollout.finished()).step()).isEqualTo(3);
      assertThat(await(reward.finished()).step()).isEqualTo(3);
    }
  }

  /** Two prompts are being prepared for ever: as many as the smallest node has threads for. */
  @Test
  void promptsThatTakeLongToPrepareDelayNoGroupOnItsWayToTheDisk() throws Exception {
    Stalled stalled = new Stalled();
    AtomicInteger standing = new AtomicInteger();
    scoring = new CompletableFuture<>();
    preparing =
        lease -> {
          if (lease.id().group().value() >= GROUPS_PER_STEP) {
            if (standing.incrementAndGet() == 2) {
              scoring.complete(null);
            }
            stalled.stand();
          }
        };
    try (SampoNode node = start(parts(true, true, true, 2, 1), Optional.empty());
        stalled) {
      watcher.awaitStep(1);
      stalled.close();

      assertThat(await(node.finished()).step()).isEqualTo(2);
    }
  }

  @Test
  void neitherADatabaseNorAPromptThatTakesLongDelaysWeights() throws Exception {
    Stalled stalled = new Stalled();
    scoring = new CompletableFuture<>();
    preparing =
        lease -> {
          if (lease.id().group().value() == GROUPS_PER_STEP) {
            scoring.complete(null);
            stalled.stand();
          }
        };
    ledger = () -> new RunLedger(stalled.journalAfterStep(1), new GroupLedger());
    try (SampoNode node = start(parts(true, true, true, 2, 1), Optional.empty());
        stalled) {
      awaitStatus(node, status -> status.workers().stream().anyMatch(it -> it.step() == 1));
      stalled.close();

      assertThat(await(node.finished()).step()).isEqualTo(2);
    }
  }

  private static RunStatus awaitWorkers(SampoNode learner, int count) throws Exception {
    return awaitStatus(learner, status -> status.workers().size() == count);
  }

  private static RunStatus awaitStatus(SampoNode learner, Predicate<RunStatus> wanted)
      throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    Optional<RunStatus> status = statusIfBegun(learner);
    while (status.filter(wanted).isEmpty() && System.nanoTime() < deadline) {
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
      status = statusIfBegun(learner);
    }
    assertThat(status).get().matches(wanted);
    return status.orElseThrow();
  }

  /** A node that still joins does not answer. */
  private static Optional<RunStatus> statusIfBegun(SampoNode learner) throws Exception {
    try {
      return Optional.of(await(learner.status()));
    } catch (ExecutionException e) {
      assertThat(e).hasCauseInstanceOf(TimeoutException.class);
      return Optional.empty();
    }
  }

  /** Polls until the learner waits and no group is running or on its way. */
  private static RunStatus awaitStandstill(SampoNode node) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    RunStatus before = await(node.status());
    while (System.nanoTime() < deadline) {
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
      RunStatus now = await(node.status());
      if (now.groups().leased() == 0 && now.groups().equals(before.groups())) {
        return now;
      }
      before = now;
    }
    throw new AssertionError("the run did not come to rest: " + before);
  }

  private static List<GroupState> trainedSteps(SampoNode node) throws Exception {
    return await(node.ledger()).states().values().stream()
        .filter(GroupState.Trained.class::isInstance)
        .toList();
  }

  private SampoNode start(NodeParts parts, Optional<String> join) {
    return SampoNode.start(
        new NodeAddress("127.0.0.1", 0, 0, join, PATIENCE), parts, watcher, ConfigFactory.empty());
  }

  private SampoNode join(NodeParts parts, SampoNode seed) {
    return start(parts, Optional.of(seed.joinAddress()));
  }

  private NodeParts parts(
      boolean learner, boolean rollout, boolean reward, long steps, int maxStaleness) {
    return parts(learner, rollout, reward, steps, maxStaleness, row -> "question");
  }

  private NodeParts parts(
      boolean learner,
      boolean rollout,
      boolean reward,
      long steps,
      int maxStaleness,
      LongFunction<String> question) {
    Path weights = folder.resolve("weights");
    LearnerPart learnerPart =
        new LearnerPart(
            () -> {
              opening.run();
              return new CountingModel.FakeTrainer(weights, saved, faults);
            },
            feed(question),
            sha256 -> sha256.equals(hash()) ? Optional.of(IMAGE) : Optional.empty(),
            Optional.empty(),
            ledger.get(),
            List.of(),
            new JournalWriter.Patience(1, Duration.ZERO),
            new GroupDispatch.Terms(
                1, "settings", 3, SamplingSettings.atTemperature(1, 8), Duration.ofSeconds(30), 3),
            new StalenessGate(maxStaleness, GROUPS_PER_STEP, steps),
            replacement,
            Duration.ofSeconds(2),
            guards,
            (policy, groups, update) ->
                groups.stream()
                    .filter(group -> update.culprits().contains(group.id()))
                    .forEach(skipped::add),
            weights);
    RolloutPart rolloutPart =
        new RolloutPart(
            () -> new CountingModel.FakeGenerator(3, preparing),
            folder.resolve("scratch-" + SCRATCH.incrementAndGet()),
            1 << 20,
            Map::of);
    CompletionScore score =
        new CompletionScore(Map.of("r", new RewardOutcome.Scored(1)), OptionalDouble.of(1));
    RewardPart rewardPart =
        new RewardPart(
            group ->
                scoring.thenApply(
                    _ -> Stream.generate(() -> score).limit(group.completions().size()).toList()),
            8);
    return new NodeParts(
        learner ? Optional.of(learnerPart) : Optional.empty(),
        rollout ? Optional.of(rolloutPart) : Optional.empty(),
        reward ? Optional.of(rewardPart) : Optional.empty());
  }

  private static final AtomicLong SCRATCH = new AtomicLong();

  private static PromptFeed feed(LongFunction<String> question) {
    ImageRef image = new ImageRef(hash(), 1, 1, IMAGE.length);
    return group -> {
      long number = group.value() + 1;
      return new PromptFeed.Visit.Ready(
          new Prompt(
              "train.jsonl:" + number,
              "rec",
              question.apply(number),
              List.of(image),
              "",
              Map.of()));
    };
  }

  private static String hash() {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(IMAGE));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void post(String url) throws Exception {
    assertThat(send(url)).isEqualTo(202);
  }

  /** Posts nothing and returns the status. */
  private static int send(String url) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(url)).POST(HttpRequest.BodyPublishers.noBody()).build();
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
    }
  }

  private static String get(String url) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request = HttpRequest.newBuilder(URI.create(url)).build();
      return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }
  }

  private static <T> T await(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(60, TimeUnit.SECONDS);
  }
}
