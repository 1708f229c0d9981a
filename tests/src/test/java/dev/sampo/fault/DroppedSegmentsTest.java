package dev.sampo.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.protocol.log.RecordedSteps;
import dev.sampo.protocol.log.Recording;
import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A training that keeps of its recording only what its checkpoints need, killed on the way. */
@Timeout(300)
class DroppedSegmentsTest {
  private static final int STEPS = 9;
  private static final Path MODEL =
      Path.of("../models/tiny-rec/shifted").toAbsolutePath().normalize();

  @TempDir private Path folder;

  @Test
  void whatIsKeptIsEnoughToGoOnAndToReplayFromACheckpoint() throws Exception {
    RecDataWriter.write(
        folder.resolve("data"), RecDataSettings.forTraining(24, 4, 1), (done, total) -> {});
    Path file =
        Files.writeString(
            folder.resolve("train.conf"),
            """
            sampo {
              run { name = dropped, folder = run, seed = 5, steps = %d }
              model.path = "%s"
              data { train = data/train.jsonl, image-folder = data }
              sampling.max-tokens = 40
              rollout { group-size = 16, max-groups-in-flight = 8 }
              learner { groups-per-step = 6, learning-rate = 2e-4, objective.kl.beta = 0 }
              staleness.max = 1
              checkpoint { every = 2, keep = 2 }
              recording { segment-size = 64KiB, keep = checkpoints }
            }
            """
                .formatted(STEPS, MODEL));
    Path run = folder.resolve("run");
    Path recording = run.resolve("rollouts");
    new SampoProcess(run, folder.resolve("killed.txt"), List.of("train", file.toString()))
        .killAfterSteps(7);

    assertThat(sampo(0, "train", file.toString())).contains("going on from ");

    assertThat(recording.resolve("segments/000001.seg")).doesNotExist();
    assertThat(sampo(0, "inspect", recording.toString(), "--verify")).contains("faults      0");
    RecordedSteps steps = Recording.open(recording).steps();
    assertThat(steps.last()).isEqualTo(STEPS);
    long first = steps.first();
    assertThat(first).isGreaterThan(1);
    assertThat(replay(1, recording, "1"))
        .contains(
            "the recording begins with step %d: a replay from there needs --checkpoint, the checkpoint of step %d of the recorded run"
                .formatted(first, first - 1));
    assertThat(
            replay(
                0,
                recording,
                String.valueOf(STEPS),
                "--checkpoint",
                run + "/checkpoints/step-" + (STEPS - 1)))
        .contains("1 steps, 1 of them equal to the recorded bit for bit");
  }

  private String replay(int code, Path recording, String from, String... more) throws Exception {
    List<String> command = new ArrayList<>(List.of("replay", recording.toString()));
    Collections.addAll(command, "--from-step", from, "--out", folder.resolve("again").toString());
    Collections.addAll(command, more);
    return sampo(code, command.toArray(String[]::new));
  }

  private String sampo(int code, String... command) throws Exception {
    Path said = Files.createTempFile(folder, "said", ".txt");
    return new SampoProcess(folder, said, List.of(command)).await(code);
  }
}
