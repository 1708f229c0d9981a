package dev.sampo.learner.checkpoint;

import dev.sampo.learner.LearnerException;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.weights.AtomicFile;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.TensorSource;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The checkpoints of a run: folders {@code step-N} in the Hugging Face layout, loadable by anything
 * that loads such folders, each with {@code trainer_state.json} and the tensors of the trainer for
 * resuming.
 *
 * <p>A checkpoint is written beside the others as {@code step-N.partial}, forced to the disk, and
 * renamed. One that takes the place of an earlier one of the same step moves that to {@code
 * step-N.old} first, which counts as {@code step-N} until there is one again. So whenever the
 * machine stops, every checkpoint is the old one or the new one, whole; what it leaves behind is
 * put right when the folder is next used. One process uses a folder at a time.
 */
public final class CheckpointFolder {
  /** Name of the tensors of the optimizer. */
  public static final String OPTIMIZER = "optimizer";

  private static final Pattern NAME = Pattern.compile("step-(\\d+)");
  private static final Pattern LEFT_BEHIND = Pattern.compile("(step-\\d+)\\.(partial|old)");
  private static final String PARTIAL = ".partial";
  private static final String OLD = ".old";
  private static final String TENSORS = ".safetensors";

  private final Path folder;
  private final Path modelFolder;
  private final Retention retention;

  /** By step, what is known of checkpoints that this process wrote or read. */
  private final Map<Long, Boolean> wholeness = new HashMap<>();

  /**
   * Prepares a folder.
   *
   * @param folder where the checkpoints go; created when the first is saved
   * @param modelFolder checkpoint that the run started from; its files, weights apart, are copied
   * @param retention which checkpoints stay
   */
  public CheckpointFolder(Path folder, Path modelFolder, Retention retention) {
    this.folder = folder;
    this.modelFolder = modelFolder;
    this.retention = retention;
  }

  /**
   * Saves a checkpoint and deletes the complete ones that are too many.
   *
   * @param state its version is that of the model's weights
   * @param tensors what the trainer keeps in tensors: {@code NAME.safetensors} by {@code NAME}
   * @return its folder
   * @throws LearnerException if it cannot be written, and what was there before stays; or if what
   *     is too many cannot be deleted
   */
  public Path save(
      VisionLanguageModel model,
      TrainerState state,
      Map<String, ? extends SortedMap<String, ? extends TensorSource>> tensors) {
    Path target = folder.resolve("step-" + state.step());
    Path partial = sibling(target, PARTIAL);
    try {
      Files.createDirectories(folder);
      putRight();
      Files.createDirectory(partial);
      ModelFiles.copy(modelFolder, partial);
      model.save(partial);
      for (var entry : new TreeMap<>(tensors).entrySet()) {
        SafetensorsFile.write(partial.resolve(entry.getKey() + TENSORS), entry.getValue());
      }
      new StateFile(state, FileSums.of(partial)).write(partial);
      force(partial);
      replace(target, partial);
      wholeness.put(state.step(), true);
    } catch (IOException e) {
      throw new LearnerException("cannot write checkpoint " + target + ": " + e.getMessage(), e);
    }
    try {
      putRight();
      deleteExpendable();
      return target;
    } catch (IOException e) {
      throw new LearnerException(
          "wrote checkpoint %s, but cannot delete earlier ones: %s"
              .formatted(target, e.getMessage()),
          e);
    }
  }

  /** What is replaced stays beside the new one, for {@link #putRight} to delete. */
  private void replace(Path target, Path partial) throws IOException {
    if (Files.exists(target)) {
      Files.move(target, sibling(target, OLD), StandardCopyOption.ATOMIC_MOVE);
    }
    Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
    AtomicFile.forceFolder(folder);
  }

  /** Removes what a crash has left, and gives a checkpoint that was about to be replaced back. */
  private void putRight() throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    List<Path> entries;
    try (Stream<Path> listed = Files.list(folder)) {
      entries = listed.toList();
    }
    for (Path entry : entries) {
      Matcher name = LEFT_BEHIND.matcher(entry.getFileName().toString());
      if (name.matches()) {
        Path whole = folder.resolve(name.group(1));
        if (name.group(2).equals("old") && !Files.exists(whole)) {
          Files.move(entry, whole, StandardCopyOption.ATOMIC_MOVE);
          AtomicFile.forceFolder(folder);
        } else {
          deleteAll(entry);
        }
      }
    }
  }

  /**
   * The newest checkpoint whose files are all as they were written. Reads them.
   *
   * @param warnings told of every newer one that is damaged, in one line
   * @return empty if there is no checkpoint
   * @throws LearnerException if there are some, but none is whole
   */
  public Optional<Path> newest(Consumer<String> warnings) {
    return newest(warnings, state -> true);
  }

  /**
   * As {@link #newest(Consumer)}, of those that count.
   *
   * @param counts whether a checkpoint belongs to the run as it is: one of a step that was
   *     abandoned later does not
   */
  public Optional<Path> newest(Consumer<String> warnings, Predicate<TrainerState> counts) {
    try {
      putRight();
      SortedSet<Long> steps = steps();
      boolean isAnyWhole = false;
      for (long step : List.copyOf(steps).reversed()) {
        Path checkpoint = folder.resolve("step-" + step);
        Optional<String> problem = problem(checkpoint);
        if (problem.isEmpty() && counts.test(state(checkpoint))) {
          return Optional.of(checkpoint);
        }
        isAnyWhole |= problem.isEmpty();
        warnings.accept(
            "checkpoint %s is left out: %s"
                .formatted(checkpoint, problem.orElse("its step was abandoned")));
      }
      if (!steps.isEmpty() && !isAnyWhole) {
        throw new LearnerException(
            "none of the %d checkpoints in %s is whole".formatted(steps.size(), folder));
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new LearnerException("cannot read checkpoints in " + folder + ": " + e.getMessage(), e);
    }
  }

  /**
   * The oldest step that the run may go back to: that of the oldest checkpoint, of those that do
   * not stay for good. Safe while another thread saves one.
   *
   * @return empty if there is no checkpoint
   * @throws LearnerException if the folder cannot be read
   */
  public OptionalLong oldestNeeded() {
    return retention.oldestNeeded(listed());
  }

  /**
   * The step of the newest checkpoint, whole or not. Safe while another thread saves one.
   *
   * @return empty if there is no checkpoint
   * @throws LearnerException if the folder cannot be read
   */
  public OptionalLong newestStep() {
    return listed().stream().mapToLong(Long::longValue).max();
  }

  private SortedSet<Long> listed() {
    try {
      return steps();
    } catch (IOException e) {
      throw new LearnerException("cannot read checkpoints in " + folder + ": " + e.getMessage(), e);
    }
  }

  /**
   * Deletes the checkpoints of steps that are abandoned.
   *
   * @param step the last one that counts
   * @throws LearnerException if they cannot be deleted
   */
  public void deleteAfter(long step) {
    try {
      for (long later : steps().tailSet(step + 1)) {
        delete(folder.resolve("step-" + later));
      }
    } catch (IOException e) {
      throw new LearnerException(
          "cannot delete checkpoints in " + folder + ": " + e.getMessage(), e);
    }
  }

  private static void delete(Path checkpoint) throws IOException {
    Path doomed = sibling(checkpoint, PARTIAL);
    Files.move(checkpoint, doomed, StandardCopyOption.ATOMIC_MOVE);
    deleteAll(doomed);
  }

  private static Optional<String> problem(Path checkpoint) throws IOException {
    try {
      return StateFile.read(checkpoint).sums().problem(checkpoint);
    } catch (LearnerException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private SortedSet<Long> steps() throws IOException {
    SortedSet<Long> steps = new TreeSet<>();
    if (Files.isDirectory(folder)) {
      try (Stream<Path> entries = Files.list(folder)) {
        for (Path entry : entries.toList()) {
          Matcher name = NAME.matcher(entry.getFileName().toString());
          if (name.matches()) {
            steps.add(Long.parseLong(name.group(1)));
          }
        }
      }
    }
    return steps;
  }

  /** What is not whole is none of ours to delete, nor does it count. */
  private void deleteExpendable() throws IOException {
    SortedSet<Long> whole = steps();
    if (retention.expendable(whole).isEmpty()) {
      return; // without reading any
    }
    for (long step : List.copyOf(whole)) {
      if (!isWhole(step)) {
        whole.remove(step);
      }
    }
    for (long step : retention.expendable(whole)) {
      delete(folder.resolve("step-" + step));
    }
  }

  /** Reads a checkpoint that another process wrote, once, and looks at the sizes of the others. */
  private boolean isWhole(long step) throws IOException {
    Path checkpoint = folder.resolve("step-" + step);
    Boolean known = wholeness.get(step);
    if (known == null) {
      known = problem(checkpoint).isEmpty();
      wholeness.put(step, known);
    }
    return known && hasItsSizes(checkpoint);
  }

  private static boolean hasItsSizes(Path checkpoint) throws IOException {
    try {
      return StateFile.read(checkpoint).sums().problemOfSizes(checkpoint).isEmpty();
    } catch (LearnerException e) {
      return false;
    }
  }

  private static Path sibling(Path checkpoint, String ending) {
    return checkpoint.resolveSibling(checkpoint.getFileName() + ending);
  }

  private static void force(Path root) throws IOException {
    List<Path> all = new ArrayList<>();
    try (Stream<Path> tree = Files.walk(root)) {
      tree.sorted(Comparator.reverseOrder()).forEach(all::add);
    }
    for (Path path : all) {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  private static void deleteAll(Path path) throws IOException {
    List<Path> all = new ArrayList<>();
    try (Stream<Path> tree = Files.walk(path)) {
      tree.sorted(Comparator.reverseOrder()).forEach(all::add);
    }
    for (Path file : all) {
      Files.delete(file);
    }
  }

  /**
   * Reads the state of a checkpoint.
   *
   * @throws LearnerException if the folder is no checkpoint of a run
   */
  public static TrainerState state(Path checkpoint) {
    return StateFile.read(checkpoint).state();
  }

  /**
   * Checks that a model has the weights that a checkpoint was written with.
   *
   * @param model loaded from it
   * @throws LearnerException if the model has other weights than the checkpoint was written with
   */
  public static void verify(Path checkpoint, VisionLanguageModel model) {
    TrainerState state = state(checkpoint);
    String hash = WeightArrays.sha256(model.parameters());
    if (!hash.equals(state.version().weightsHash())) {
      throw new LearnerException(
          "the weights of %s have SHA-256 %s, its %s says %s"
              .formatted(checkpoint, hash, StateFile.NAME, state.version().weightsHash()));
    }
  }

  /**
   * Opens tensors that the trainer saved.
   *
   * @param name as in {@link #save}
   * @throws LearnerException if the file is missing or broken
   */
  public static SafetensorsFile tensors(Path checkpoint, String name) {
    try {
      return SafetensorsFile.open(checkpoint.resolve(name + TENSORS));
    } catch (ModelException e) {
      throw new LearnerException(String.valueOf(e.getMessage()), e);
    }
  }
}
