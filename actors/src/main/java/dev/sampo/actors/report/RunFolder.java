package dev.sampo.actors.report;

import dev.sampo.vlm.weights.AtomicFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The folder of one run.
 *
 * <pre>
 * config.conf        the resolved configuration
 * metrics.jsonl      one object per optimizer step
 * tensorboard/       the same as TensorBoard events
 * rollouts/          the recording
 * ledger/            what became of every group and step
 * checkpoints/       step-N/ in the Hugging Face layout
 * set-aside/         step-N/ of a step that was left out: why, and what it was taken on
 * before.json        the evaluation that the run began with
 * summary.json       the evaluations and totals, written last
 * curves.png         the run as curves
 * scenes.png         images with predicted and true boxes
 * run.log            what the program had to say
 * run.json           which command began it, with which settings; of a run that can go on
 * run.lock           locked while a process works here
 * </pre>
 *
 * @param path the folder
 */
public record RunFolder(Path path) {

  /** The folder of a run that a file is the resolved configuration of; empty if it is of none. */
  public static Optional<RunFolder> ofConfig(Path file) {
    Path config = file.toAbsolutePath().normalize();
    return Optional.ofNullable(config.getParent())
        .map(RunFolder::new)
        .filter(run -> run.config().equals(config) && Files.exists(run.claim()));
  }

  /**
   * Checks that nothing is there.
   *
   * @throws OccupiedFolderException when the path is a file or a folder that holds anything
   */
  public static void requireFree(Path path) {
    if (Files.exists(path) && (!Files.isDirectory(path) || !isEmpty(path))) {
      throw OccupiedFolderException.of(path);
    }
  }

  public Path config() {
    return path.resolve("config.conf");
  }

  public Path metrics() {
    return path.resolve("metrics.jsonl");
  }

  public Path tensorBoard() {
    return path.resolve("tensorboard");
  }

  public Path checkpoints() {
    return path.resolve("checkpoints");
  }

  public Path rollouts() {
    return path.resolve("rollouts");
  }

  public Path setAside() {
    return path.resolve("set-aside");
  }

  /** Folder of the ledger's database and of the file that remembers its end. */
  public Path ledger() {
    return path.resolve("ledger");
  }

  public Path before() {
    return path.resolve("before.json");
  }

  public Path summary() {
    return path.resolve("summary.json");
  }

  public Path curves() {
    return path.resolve("curves.png");
  }

  public Path scenes() {
    return path.resolve("scenes.png");
  }

  public Path log() {
    return path.resolve("run.log");
  }

  Path claim() {
    return path.resolve("run.json");
  }

  Path lock() {
    return path.resolve("run.lock");
  }

  /** Folder of the data set that a quick start writes for itself. */
  public Path data() {
    return path.resolve("data");
  }

  /** Writes a file as a whole or not at all, and forces it to the disk. */
  static void write(Path file, byte[] content) {
    try {
      AtomicFile.write(file, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes the resolved configuration. */
  public void writeConfig(String hocon) {
    write(config(), hocon.getBytes(StandardCharsets.UTF_8));
  }

  private static boolean isEmpty(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.findAny().isEmpty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
