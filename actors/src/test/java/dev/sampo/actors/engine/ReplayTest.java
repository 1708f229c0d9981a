package dev.sampo.actors.engine;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.StepReport;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.ResultSettings;
import dev.sampo.config.RunConfigReader;
import dev.sampo.protocol.log.Recording;
import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run of all roles with the shipped model shape, and its recording taken again. */
@Timeout(180)
class ReplayTest {
  private static final int STEPS = 4;

  @TempDir Path folder;
  private final Map<Long, Map<String, Double>> recordedMetrics = new HashMap<>();

  @Test
  void aRecordingTakenAgainEndsInTheSameBits() throws Exception {
    LoadedConfig config = config();
    record(config);

    Recording recording = Recording.open(folder.resolve("run/rollouts"));
    List<ReplayedStep> replayed = new ArrayList<>();
    try (PolicyTrainer trainer =
        NodeAssembly.trainer(
            config.settings(),
            image -> Optional.of(recording.image(image.sha256())),
            folder.resolve("replay"),
            new NodeAssembly.Start(
                Optional.empty(),
                ResultSettings.replayed(config.settings()),
                1,
                Optional.empty()))) {
      Replay.run(recording, trainer, 0, replayed::add);
    }

    assertThat(replayed).hasSize(STEPS).allMatch(ReplayedStep::isBitwiseEqual);
    assertThat(replayed)
        .allSatisfy(step ->
            assertThat(step.metrics().get("loss"))
                .isEqualTo(
                    requireNonNull(recordedMetrics.get(step.recorded().version().step()))
                        .get("loss")));
  }

  private void record(LoadedConfig config) throws Exception {
    NewRun.train(
        config,
        folder.resolve("run"),
        new UneventfulRun() {
          @Override
          public void stepFinished(StepReport report) {
            recordedMetrics.put(report.step(), report.metrics());
          }
        });
  }

  private LoadedConfig config() {
    Path data = folder.resolve("data");
    RecDataWriter.write(data, RecDataSettings.forTraining(16, 4, 1), (done, total) -> {});
    return RunConfigReader.read(
        Optional.empty(),
        List.of(
            "run.folder=" + folder.resolve("run"),
            "run.steps=" + STEPS,
            "model.path=" + Path.of("../models/tiny-rec").toAbsolutePath().normalize(),
            "model.init=random",
            "data.train=" + data.resolve("train.jsonl"),
            "data.image-folder=" + data,
            "learner.groups-per-step=4",
            "learner.objective.kl.beta=0",
            "rollout.group-size=4",
            "rollout.max-groups-in-flight=2",
            "staleness.max=1"));
  }
}
