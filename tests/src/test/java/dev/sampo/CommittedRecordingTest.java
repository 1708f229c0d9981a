package dev.sampo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sampo.actors.engine.NodeAssembly;
import dev.sampo.actors.engine.PolicyTrainer;
import dev.sampo.actors.engine.Replay;
import dev.sampo.actors.engine.ReplayedStep;
import dev.sampo.config.ResultSettings;
import dev.sampo.config.RunConfig;
import dev.sampo.config.RunConfigReader;
import dev.sampo.protocol.log.Recording;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A recording made on one machine trains the same on any other: its steps, taken again here with
 * the settings that it keeps, have the losses that were recorded there. {@code
 * tests/recordings/record.sh} makes it.
 */
class CommittedRecordingTest {
  private static final Path RECORDED = Path.of("recordings/small");

  @TempDir Path folder;

  @Test
  void recordedStepsHaveTheirRecordedLossesOnThisMachine() throws IOException {
    Recording recording = Recording.open(RECORDED);
    RunConfig config = settings(recording);
    List<ReplayedStep> replayed = new ArrayList<>();
    try (PolicyTrainer trainer =
        NodeAssembly.trainer(
            config,
            image -> Optional.of(recording.image(image.sha256())),
            folder,
            new NodeAssembly.Start(
                Optional.empty(), ResultSettings.replayed(config), 1, Optional.empty()))) {
      Replay.run(recording, trainer, 0, replayed::add);
    }

    List<JsonNode> recorded = recordedMetrics();
    assertThat(replayed).hasSameSizeAs(recorded).hasSize(3);
    for (int step = 0; step < recorded.size(); step++) {
      for (String name : List.of("loss", "grad_norm", "entropy", "reward")) {
        assertThat(Objects.requireNonNull(replayed.get(step).metrics().get(name)))
            .as("%s of step %d", name, step + 1)
            .isCloseTo(recorded.get(step).get(name).asDouble(), within(1e-5));
      }
    }
  }

  /** Those recorded; only the model lies elsewhere. */
  private static RunConfig settings(Recording recording) {
    return RunConfigReader.readText(
            recording.manifest().config(),
            RECORDED.toString(),
            List.of("model.path=" + Path.of("../models/tiny-rec/shifted").toAbsolutePath()))
        .settings();
  }

  private static List<JsonNode> recordedMetrics() throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<JsonNode> steps = new ArrayList<>();
    for (String line : Files.readAllLines(RECORDED.resolve("metrics.jsonl"))) {
      steps.add(json.readTree(line));
    }
    return steps;
  }
}
