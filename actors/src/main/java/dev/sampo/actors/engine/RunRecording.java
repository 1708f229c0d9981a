package dev.sampo.actors.engine;

import dev.sampo.actors.pipeline.SkippedGroups;
import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.actors.report.SetAside;
import dev.sampo.actors.run.GroupLedger;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.RecordingSettings;
import dev.sampo.config.RunConfig;
import dev.sampo.learner.checkpoint.CheckpointFolder;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingManifest;
import dev.sampo.protocol.log.RecordingStart;
import dev.sampo.protocol.log.RecordingWriter;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.NativeBuild;
import dev.sampo.vlm.weights.transfer.WeightSnapshot;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a run keeps of its groups: the recording, and the groups of steps that were left out. */
public final class RunRecording {
  /** In the run folder. */
  static final String FOLDER = "rollouts";

  private static final Logger LOG = LoggerFactory.getLogger(RunRecording.class);

  private RunRecording() {}

  /**
   * Where groups of steps that were left out go: {@code set-aside/} of a run folder.
   *
   * @param images where the encoded bytes of an image are
   */
  public static SkippedGroups skippedGroups(
      LoadedConfig loaded, Function<ImageRef, Optional<byte[]>> images, Path folder) {
    SetAside setAside =
        new SetAside(new RunFolder(folder).setAside(), loaded.settings().guards().keepSetAside());
    return (policy, groups, update) -> {
      if (update.culprits().isEmpty()) {
        return;
      }
      setAside.keepGroups(
          skippedStep(policy, update),
          groups.stream().filter(group -> update.culprits().contains(group.id())).toList(),
          manifest(loaded, policy.weightsHash()),
          images);
    };
  }

  private static SetAside.Step skippedStep(PolicyVersion policy, Trainer.Update update) {
    return switch (update) {
      case Trainer.Update.Skipped(String reason, var _, var metrics) ->
          new SetAside.Step(policy.step() + 1, reason, metrics);
      case Trainer.Update.Taken(var _, var _, var metrics) ->
          new SetAside.Step(policy.step(), "an update after the first was not finite", metrics);
    };
  }

  /**
   * Opens the recording of a run for appending; cuts what a crash left of a record. Where nothing
   * is left of it, a new one begins with the step that the run goes on with.
   *
   * @param folder of the run
   * @param start where the run goes on
   */
  static RecordingWriter open(LoadedConfig loaded, Path folder, RunStart start) {
    RunConfig config = loaded.settings();
    Path root = folder.resolve(FOLDER);
    String initial = start.initialHash().orElseGet(() -> initialHash(config));
    RecordingStart begin = begin(start, initial);
    RecordingWriter recording =
        RecordingWriter.open(
            root, manifest(loaded, initial), config.recording().segmentSize().toBytes(), begin);
    if (recording.isNew() && begin.step() > 0) {
      start.listener().noticed(withoutItsBeginning(root, begin.step(), start));
    }
    if (recording.numCutBytes() > 0) {
      LOG.warn(
          "the recording ended within a record; its {} bytes were cut", recording.numCutBytes());
    }
    if (config.recording().keep() == RecordingSettings.Keep.CHECKPOINTS) {
      recording.keepOnlyAfter(
          NodeAssembly.checkpoints(config, folder)::oldestNeeded, config.staleness().max());
    }
    return recording;
  }

  /** A run without a checkpoint, as one that only records, begins anew. */
  private static RecordingStart begin(RunStart start, String initial) {
    int last = start.ledger().groups().lastSegment();
    // With a number between them a lost segment that is put back is never taken for one to delete.
    int segment = last == 0 ? 1 : last + 2;
    return new RecordingStart(
        start.step(),
        start
            .checkpoint()
            .map(CheckpointFolder::state)
            .map(state -> state.version().weightsHash())
            .orElse(initial),
        segment);
  }

  /**
   * The last step that a run has recorded, which one that only records goes on after; 0 if there is
   * none. The ledger may not have it yet, or have later ones that the recording has lost.
   *
   * @param folder of the run
   * @param groups say what is lost by going on without the recording
   * @throws ReplayException if the recording is damaged, with the way out
   */
  public static long lastStep(Path folder, GroupLedger groups) {
    Path root = folder.resolve(FOLDER);
    return DamagedRecording.orWayOut(
        root,
        groups,
        Optional.empty(),
        () -> Recording.isOne(root) ? Recording.open(root).lastStep() : 0L);
  }

  private static String withoutItsBeginning(Path root, long step, RunStart start) {
    return "%s has nothing of steps 1 to %d: the recording begins with step %d%s"
        .formatted(
            root,
            step,
            step + 1,
            start
                .checkpoint()
                .map(folder ->
                    ", and a replay of it needs %s, of which a copy should be kept"
                        .formatted(folder))
                .orElse(""));
  }

  private static RecordingManifest manifest(LoadedConfig loaded, String weightsHash) {
    RunConfig config = loaded.settings();
    Path model = config.model().path();
    return new RecordingManifest(
        RecordingManifest.FORMAT_VERSION,
        config.run().id(),
        loaded.render(),
        weightsHash,
        ProcessorHashes.ofTokenizer(model),
        ProcessorHashes.ofImageProcessor(model),
        NativeBuild.torchVersion(),
        NativeBuild.cpuCapability(),
        config.rollout().threads(),
        config.learner().threads());
  }

  /** Before the learner has a trainer, which says it later. */
  private static String initialHash(RunConfig config) {
    try (VisionLanguageModel model = RunModels.open(config.model(), config.run().seed())) {
      return WeightSnapshot.of(model.parameters()).sha256();
    }
  }
}
