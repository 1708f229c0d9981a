package dev.sampo.learner.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.learner.LearnerException;
import dev.sampo.learner.TinyQwen;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.optimizer.AdamWSettings;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The machine stops after every single change of a file while a checkpoint is written. */
@NullUnmarked
class CheckpointCrashTest {
  private static final Retention NEWEST = new Retention(1, 0);

  @TempDir private Path temp;
  private VisionLanguageModel model;
  private AdamW optimizer;

  @BeforeEach
  void open() throws IOException {
    model = TinyQwen.initialize(TinyQwen.modelFolder(temp), 1);
    optimizer = new AdamW(model.parameters(), new AdamWSettings(0.1, 0.9, 0.99, 1e-8, 1));
  }

  @AfterEach
  void close() {
    optimizer.close();
    model.close();
  }

  /** The same step again replaces a checkpoint; the next one makes the one before expendable. */
  @ParameterizedTest
  @ValueSource(longs = {3, 4})
  void aCrashAfterAnyChangeLeavesTheOldCheckpointOrTheNewOne(long step) throws IOException {
    Path before = temp.resolve("before");
    save(before, 3, "old");

    List<String> found = new ArrayList<>();
    List<String> foundThoughWritten = new ArrayList<>();
    Optional<String> failure = Optional.of("not begun");
    for (int changes = 0; failure.isPresent(); changes++) {
      Path crashed = copy(before, temp.resolve("crashed-" + changes));
      failure = save(new StoppingDisk(changes).see(crashed), step);
      stopWhilePuttingRight(crashed);
      found.add(cursorOfNewest(crashed));
      if (failure.filter(message -> message.startsWith("wrote ")).isPresent()) {
        foundThoughWritten.add(found.getLast());
      }
    }

    assertThat(foundThoughWritten).as("a failed clean-up is no failed checkpoint").isNotEmpty();
    assertThat(foundThoughWritten).containsOnly("new");
    assertThat(found).hasSizeGreaterThan(15).startsWith("old").endsWith("new");
    assertThat(found).isSortedAccordingTo((a, b) -> b.compareTo(a)); // "old" first, then "new"
  }

  /** Whoever opens the folder next may be stopped as well, at any change. */
  private void stopWhilePuttingRight(Path crashed) throws IOException {
    String expected = cursorOfNewest(copy(crashed, temp.resolve("again")));
    boolean finished = false;
    for (int changes = 0; !finished; changes++) {
      Path twice = copy(crashed, temp.resolve("again"));
      finished = opens(new StoppingDisk(changes).see(twice));
      assertThat(cursorOfNewest(twice)).isEqualTo(expected);
    }
  }

  /** Why it failed. */
  private Optional<String> save(Path folder, long step) {
    try {
      save(folder, step, "new");
      return Optional.empty();
    } catch (LearnerException e) {
      assertThat(e).hasMessageMatching("(cannot write|wrote) checkpoint (?s:.*)");
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private boolean opens(Path folder) {
    try {
      return checkpoints(folder).newest(warning -> {}).isPresent();
    } catch (LearnerException e) {
      assertThat(e).hasMessageStartingWith("cannot read checkpoints ");
      return false;
    }
  }

  /** What a run finds that goes on; every checkpoint is whole and nothing else is left. */
  private String cursorOfNewest(Path folder) throws IOException {
    List<String> warnings = new ArrayList<>();
    Optional<Path> newest = checkpoints(folder).newest(warnings::add);
    assertThat(warnings).isEmpty();
    try (Stream<Path> entries = Files.list(folder)) {
      assertThat(entries).allMatch(entry -> entry.getFileName().toString().matches("step-\\d"));
    }
    return CheckpointFolder.state(newest.orElseThrow()).progress().get("cursor");
  }

  private CheckpointFolder checkpoints(Path folder) {
    return new CheckpointFolder(folder, temp.resolve("model"), NEWEST);
  }

  private void save(Path folder, long step, String cursor) {
    PolicyVersion version =
        new PolicyVersion("run", 1, step, WeightArrays.sha256(model.parameters()));
    checkpoints(folder)
        .save(
            model,
            new TrainerState(version, 9, 7, Map.of(), Map.of("cursor", cursor)),
            Map.of(CheckpointFolder.OPTIMIZER, optimizer.state()));
  }

  private static Path copy(Path from, Path to) throws IOException {
    delete(to);
    try (Stream<Path> tree = Files.walk(from)) {
      for (Path path : tree.toList()) {
        Files.copy(path, to.resolve(from.relativize(path).toString()));
      }
    }
    return to;
  }

  private static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> tree = Files.walk(folder)) {
        for (Path path : tree.sorted((a, b) -> b.compareTo(a)).toList()) {
          Files.delete(path);
        }
      }
    }
  }
}
