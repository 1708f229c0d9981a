package dev.sampo.actors.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.actors.StepReport;
import dev.sampo.actors.journal.RunLedger;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.actors.report.RunReport;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.ResultSettings;
import dev.sampo.config.RunConfig;
import dev.sampo.config.RunConfigReader;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.log.RecordedStep;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingWriter;
import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run of four steps without a checkpoint, as another machine would have left it: its third step
 * ended in weights that this one does not come to.
 */
@Timeout(180)
final class RecoveryTest {
  private static final int STEPS = 4;
  private static final int OTHER = 3;

  @TempDir private static Path shared;
  private static List<RecordedStep> taken = List.of();
  @TempDir private Path folder;

  /** Passes on to a report, and keeps what else it is told. */
  private static final class Told extends UneventfulRun {
    private final RunReport report;
    private final List<Long> retaking = new ArrayList<>();
    private final List<String> notices = new ArrayList<>();

    Told(RunReport report) {
      this.report = report;
    }

    @Override
    public void stepFinished(StepReport step) {
      report.stepFinished(step);
    }

    @Override
    public void retaking(long step) {
      retaking.add(step);
    }

    @Override
    public void stepRetaken(StepReport step) {
      report.stepRetaken(step);
    }

    @Override
    public void noticed(String line) {
      notices.add(line);
    }
  }

  @BeforeAll
  static void train() throws Exception {
    RecDataWriter.write(shared.resolve("data"), RecDataSettings.forTraining(9, 2, 1), (d, n) -> {});
    LoadedConfig config = config();
    Path run = shared.resolve("run");
    try (RunReport report =
        new RunReport(new RunFolder(Files.createDirectories(run)), Clock.systemUTC(), 0)) {
      NewRun.train(config, run, new Told(report));
    }
    try (Stream<RecordedStep> steps = Recording.open(run.resolve("rollouts")).steps(0)) {
      taken = steps.toList();
    }
  }

  @Test
  void aStepThatComesOutOtherwiseIsAbandonedAndEveryStepIsReportedOnce() throws Exception {
    LoadedConfig config = config();
    leave(config);
    Files.copy(shared.resolve("run/metrics.jsonl"), folder.resolve("metrics.jsonl"));

    Told told;
    try (RunReport report = new RunReport(new RunFolder(folder), Clock.systemUTC(), 0);
        RunLedger ledger = NewRun.ledger(config, folder)) {
      told = new Told(report);
      RunStart start =
          new RunStart(
              ledger, Optional.empty(), ResultSettings.trained(config.settings()), told, () -> {});
      try (PolicyTrainer trainer = recovered(config, start)) {
        assertThat(trainer.version())
            .isEqualTo(
                new PolicyVersion(config.settings().run().id(), 2, OTHER - 1, hash(OTHER - 1)));
      }
      report.stepFinished(new StepReport(OTHER, Map.of("loss", 1.0)));
      assertThat(report.steps()).extracting(StepReport::step).containsExactly(1L, 2L, 3L);
    }

    assertThat(told.notices)
        .containsExactly(
            "step 3, taken again, ends in other weights than the first time; steps 3 to 4 are"
                + " abandoned, term 2 goes on from step 2");
    assertThat(told.retaking)
        .as("the weights of step 2 are taken once more")
        .containsExactly(1L, 2L, 3L, 1L, 2L);
    assertThat(Files.readAllLines(folder.resolve("metrics.jsonl")))
        .hasSize(OTHER)
        .startsWith(
            Files.readAllLines(shared.resolve("run/metrics.jsonl"))
                .subList(0, OTHER - 1)
                .toArray(String[]::new));
  }

  /** The ledger knows which weights a run began with: it takes long to load them and hash them. */
  @Test
  void aRecordingIsGoneOnWithWithoutTheModelItBeganWith() {
    leave(config());
    LoadedConfig withoutWeights = config("model.init=checkpoint");

    try (RunLedger ledger = NewRun.ledger(withoutWeights, folder);
        RecordingWriter recording =
            RunRecording.open(
                withoutWeights,
                folder,
                new RunStart(
                    ledger, Optional.empty(), new TreeMap<>(), new UneventfulRun(), () -> {}))) {
      assertThat(recording.isNew()).isFalse();
    }
  }

  @Test
  void aReferenceOfOtherWeightsThanTheRunBeganWithIsRefused() {
    LoadedConfig config = config("learner.objective.kl.beta=0.04");
    RunConfig settings = config.settings();

    assertThatThrownBy(
            () -> RunModels.openLearned(settings, Optional.empty(), Optional.of("ab".repeat(32))))
        .isInstanceOf(ReplayException.class)
        .hasMessageStartingWith(
            settings.model().path() + " (model.path) has other weights than the run began with");
  }

  private PolicyTrainer recovered(LoadedConfig config, RunStart start) {
    Recording recording = Recording.open(folder.resolve(RunRecording.FOLDER));
    return new Recovery(start, Optional.of(recording))
        .trainer(
            term ->
                NodeAssembly.trainer(
                    config.settings(),
                    image -> Optional.of(recording.image(image.sha256())),
                    folder,
                    new NodeAssembly.Start(
                        start.checkpoint(), start.settings(), term, start.initialHash())),
            NodeAssembly.checkpoints(config.settings(), folder));
  }

  private static String hash(long step) {
    return taken.get((int) step - 1).step().version().weightsHash();
  }

  /** Writes recording and ledger of the run. */
  private void leave(LoadedConfig config) {
    Recording recording = Recording.open(shared.resolve("run/rollouts"));
    String runId = config.settings().run().id();
    try (RecordingWriter writer =
            RecordingWriter.open(
                folder.resolve(RunRecording.FOLDER), recording.manifest(), Long.MAX_VALUE);
        RunLedger ledger = NewRun.ledger(config, folder)) {
      List<LedgerEvent> events = new ArrayList<>();
      events.add(new LedgerEvent.RunOpened(runId, config.settings().run().seed(), "settings"));
      events.add(
          new LedgerEvent.TermOpened(
              1, new PolicyVersion(runId, 1, 0, recording.manifest().modelHash()), List.of()));
      taken.stream()
          .flatMap(step -> step.groups().stream())
          .map(group -> group.id())
          .sorted(Comparator.comparingLong(GroupId::value))
          .forEach(group -> events.add(new LedgerEvent.GroupOpened(group, "row " + group.value())));
      for (RecordedStep step : taken) {
        for (ScoredGroup group : step.groups()) {
          group
              .group()
              .prompt()
              .images()
              .forEach(image -> writer.store(image, recording.image(image.sha256())));
          events.add(
              new LedgerEvent.GroupAccepted(
                  group.group().lease(),
                  group.group().oldestStep(),
                  step.number() - 1,
                  Optional.of(writer.append(group))));
        }
        StepCommitted left = step.number() == OTHER ? otherwise(step.step()) : step.step();
        writer.append(left, step.loss());
        events.add(new LedgerEvent.StepTaken(left, "settings"));
      }
      ledger.journal().append(events);
    }
  }

  private static StepCommitted otherwise(StepCommitted step) {
    PolicyVersion version = step.version();
    return new StepCommitted(
        new PolicyVersion(version.runId(), version.term(), version.step(), "ab".repeat(32)),
        step.groups(),
        step.microBatches(),
        step.learningRate());
  }

  private static LoadedConfig config(String... more) {
    Path data = shared.resolve("data");
    List<String> assignments =
        List.of(
            "run.folder=" + shared.resolve("run"),
            "run.steps=" + STEPS,
            "model.path=" + Path.of("../models/tiny-rec").toAbsolutePath().normalize(),
            "model.init=random",
            "data.train=" + data.resolve("train.jsonl"),
            "data.image-folder=" + data,
            "learner.groups-per-step=2",
            "learner.objective.kl.beta=0",
            "rollout.group-size=4",
            "sampling.max-tokens=20",
            "staleness.max=1");
    return RunConfigReader.read(
        Optional.empty(), Stream.concat(assignments.stream(), Stream.of(more)).toList());
  }
}
