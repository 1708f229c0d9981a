package dev.sampo.fault;

import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A training whose steps take less than a second: 9 scenes, the tiny model, seed 5. */
final class TinyTraining {
  private static final Path MODEL =
      Path.of("../models/tiny-rec/shifted").toAbsolutePath().normalize();

  private TinyTraining() {}

  /** Writes the rows, and their pictures, that it trains on: {@code data/} of a folder. */
  static void writeData(Path folder) {
    RecDataWriter.write(folder.resolve("data"), RecDataSettings.forTraining(9, 2, 1), (d, n) -> {});
  }

  /**
   * Writes its configuration, {@code train.conf} beside {@code data/}; it runs in {@code run/}.
   *
   * @param name of the run
   * @param more settings, those that another test has otherwise
   */
  static Path configure(Path folder, String name, int steps, int groupsPerStep, String more)
      throws IOException {
    return Files.writeString(
        folder.resolve("train.conf"),
        """
        sampo {
          run { name = %s, folder = run, seed = 5, steps = %d }
          model.path = "%s"
          data { train = data/train.jsonl, image-folder = data }
          sampling.max-tokens = 40
          rollout { group-size = 4, max-groups-in-flight = 3 }
          learner { groups-per-step = %d, learning-rate = 2e-4, objective.kl.beta = 0 }
          %s
        }
        """
            .formatted(name, steps, MODEL, groupsPerStep, more));
  }
}
