package dev.sampo.bench;

import com.typesafe.config.ConfigFactory;
import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.journal.RunLedger;
import dev.sampo.actors.journal.SimulatedJournal;
import dev.sampo.actors.node.LearnerPart;
import dev.sampo.actors.node.NodeAddress;
import dev.sampo.actors.node.NodeParts;
import dev.sampo.actors.node.RewardPart;
import dev.sampo.actors.node.RolloutPart;
import dev.sampo.actors.node.SampoNode;
import dev.sampo.actors.pipeline.JournalWriter;
import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.GroupLedger;
import dev.sampo.actors.run.PromptFeed;
import dev.sampo.actors.run.Replacement;
import dev.sampo.actors.run.StalenessGate;
import dev.sampo.config.LedgerSettings;
import dev.sampo.learner.guard.GuardSettings;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.log.RecordingManifest;
import dev.sampo.protocol.log.RecordingWriter;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/**
 * How many groups a second pass from lease to optimizer step when model and rewards cost nothing:
 * one node with all roles, put together as the product does it.
 */
final class ProtocolRates {
  private static final int GROUPS_PER_STEP = 128;
  private static final int MAX_STALENESS = 2;
  private static final long SEGMENT_BYTES = 64L << 20;

  /**
   * How large a group is.
   *
   * @param completions of a group
   * @param tokens of a completion
   * @param promptTokens of the prompt
   */
  record Size(int completions, int tokens, int promptTokens) {}

  private final Path folder;
  private final int steps;
  private int numRuns;

  /**
   * Rates.
   *
   * @param folder on the disk to measure
   * @param steps of a run; of the first third nothing is measured
   */
  ProtocolRates(Path folder, int steps) {
    this.folder = folder;
    this.steps = steps;
  }

  /** Nothing is durable. */
  void measureMemory(Results results) throws IOException {
    RunLedger ledger =
        new RunLedger(new SimulatedJournal(() -> false, event -> {}), new GroupLedger());
    double rate = run(newPlace(), ledger, Optional.empty(), new Size(8, 16, 16));
    results.add("protocol, in memory", "groups/s", rate);
  }

  /** The ledger is durable, and nothing is recorded. */
  void measureLedger(String name, LedgerSettings settings, Results results) throws IOException {
    Path place = newPlace();
    try (RunLedger ledger = open(settings, place)) {
      double rate = run(place, ledger, Optional.empty(), new Size(8, 16, 16));
      results.add("protocol, ledger in %s, no recording".formatted(name), "groups/s", rate);
    }
  }

  /** As in a run: ledger and recording are durable. */
  void measureRecorded(String name, LedgerSettings settings, Size size, Results results)
      throws IOException {
    Path place = newPlace();
    Path recording = place.resolve("rollouts");
    String what =
        "protocol, ledger in %s and recording, %d x %d tokens"
            .formatted(name, size.completions(), size.tokens());
    try (RunLedger ledger = open(settings, place)) {
      RecordingWriter writer = RecordingWriter.open(recording, manifest(), SEGMENT_BYTES);
      results.add(what, "groups/s", run(place, ledger, Optional.of(writer), size)); // closes it
    }
    results.add(
        what + ": recording",
        "bytes/group",
        size(recording.resolve("segments")) / ((double) steps * GROUPS_PER_STEP));
  }

  private static long size(Path folder) throws IOException {
    long size = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        size += Files.size(file);
      }
    }
    return size;
  }

  private RunLedger open(LedgerSettings settings, Path place) {
    return RunLedger.open(
        settings,
        place.resolve("ledger"),
        folder.getFileName() + "-p" + numRuns,
        OptionalLong::empty,
        line -> {});
  }

  private Path newPlace() throws IOException {
    numRuns++;
    return Files.createDirectory(folder.resolve("protocol-" + numRuns));
  }

  private static RecordingManifest manifest() {
    return new RecordingManifest(
        RecordingManifest.FORMAT_VERSION,
        "bench",
        "",
        "a".repeat(64),
        "b".repeat(64),
        "c".repeat(64),
        "",
        "",
        1,
        1);
  }

  private double run(Path place, RunLedger ledger, Optional<RecordingWriter> recording, Size size) {
    StepTimes times = new StepTimes(steps / 3);
    NodeParts parts =
        new NodeParts(
            Optional.of(learner(place, ledger, recording, size)),
            Optional.of(
                new RolloutPart(
                    () ->
                        new FakeModel.FakeGenerator(
                            GROUPS_PER_STEP, size.tokens(), size.promptTokens()),
                    place.resolve("fetched"),
                    1 << 20,
                    Map::of)),
            Optional.of(new RewardPart(ProtocolRates::score, 2 * GROUPS_PER_STEP)));
    try (SampoNode node =
        SampoNode.start(
            new NodeAddress("127.0.0.1", 0, 0, Optional.empty(), Duration.ofMinutes(1)),
            parts,
            times,
            ConfigFactory.parseString("pekko { loglevel = OFF, stdout-loglevel = OFF }"))) {
      node.finished().toCompletableFuture().join();
    }
    return GROUPS_PER_STEP * times.stepsPerSecond();
  }

  private LearnerPart learner(
      Path place, RunLedger ledger, Optional<RecordingWriter> recording, Size size) {
    Prompt prompt =
        new Prompt("/data/refcoco/train.jsonl:1", "rec", "Where is it?", List.of(), "", Map.of());
    return new LearnerPart(
        () -> new FakeModel.FakeTrainer(place.resolve("weights")),
        group -> new PromptFeed.Visit.Ready(prompt),
        sha256 -> Optional.empty(),
        recording,
        ledger,
        List.of(),
        new JournalWriter.Patience(1, Duration.ZERO),
        new GroupDispatch.Terms(
            1,
            "e".repeat(64),
            size.completions(),
            SamplingSettings.atTemperature(1, size.tokens()),
            Duration.ofMinutes(1),
            3),
        new StalenessGate(MAX_STALENESS, GROUPS_PER_STEP, steps),
        Replacement.NONE,
        Duration.ofSeconds(5),
        new GuardSettings(List.of(), 1, 0),
        (policy, groups, update) -> {},
        place.resolve("weights"));
  }

  private static CompletableFuture<List<CompletionScore>> score(CompletionGroup group) {
    CompletionScore score =
        new CompletionScore(Map.of("iou", new RewardOutcome.Scored(1)), OptionalDouble.of(1));
    return CompletableFuture.completedFuture(
        Collections.nCopies(group.completions().size(), score));
  }

  /** When steps end. */
  private static final class StepTimes implements RunListener {
    private final int ignored;
    private long numSteps;
    private long begin;
    private long end;

    StepTimes(int ignored) {
      this.ignored = ignored;
    }

    double stepsPerSecond() {
      return (numSteps - ignored) / ((end - begin) / 1e9);
    }

    @Override
    public void stepFinished(StepReport report) {
      numSteps++;
      end = System.nanoTime();
      if (numSteps == ignored) {
        begin = end;
      }
    }

    @Override
    public void groupSetAside(String reason) {
      throw new IllegalStateException(reason);
    }

    @Override
    public void noticed(String line) {}

    @Override
    public void paused(Optional<String> reason) {}
  }
}
