package dev.sampo.learner.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.learner.LearnerException;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.StoredTensor;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The checkpoints of a run: folders {@code step-N} in the Hugging Face layout, loadable by anything
 * that loads such folders, each with {@code trainer_state.json} and {@code optimizer.safetensors}
 * for resuming. A checkpoint is written under another name and renamed when it is complete, so that
 * a folder {@code step-N} is always whole; the oldest are deleted.
 */
public final class CheckpointFolder {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern NAME = Pattern.compile("step-(\\d+)");

  static final String STATE = "trainer_state.json";
  private static final String MOMENTS = "optimizer.safetensors";
  private static final int FORMAT = 1;

  private final Path folder;
  private final Path modelFolder;
  private final int keep;

  /**
   * Prepares a folder.
   *
   * @param folder where the checkpoints go; created when the first is saved
   * @param modelFolder checkpoint that the run started from; its files, weights apart, are copied
   * @param keep how many checkpoints stay, at least 1
   */
  public CheckpointFolder(Path folder, Path modelFolder, int keep) {
    if (keep < 1) {
      throw new IllegalArgumentException("keep must be >= 1, got " + keep);
    }
    this.folder = folder;
    this.modelFolder = modelFolder;
    this.keep = keep;
  }

  /**
   * Saves a checkpoint and deletes the oldest that are too many.
   *
   * @param progress whatever the driver needs to go on
   * @return its folder
   * @throws LearnerException if it cannot be written; no partial checkpoint is left under its name
   */
  public Path save(
      VisionLanguageModel model,
      AdamW optimizer,
      long totalSteps,
      long seed,
      Map<String, String> progress) {
    long step = optimizer.numSteps();
    Path target = folder.resolve("step-" + step);
    Path partial = folder.resolve("step-" + step + ".partial");
    TrainerState state =
        new TrainerState(step, totalSteps, seed, WeightArrays.sha256(model.parameters()), progress);
    try {
      deleteAll(partial);
      Files.createDirectories(partial);
      ModelFiles.copy(modelFolder, partial);
      model.save(partial);
      SafetensorsFile.write(partial.resolve(MOMENTS), optimizer.state());
      Files.writeString(partial.resolve(STATE), json(state));
      deleteAll(target);
      Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
      deleteOldest();
      return target;
    } catch (IOException e) {
      throw new LearnerException("cannot write checkpoint " + target + ": " + e.getMessage(), e);
    }
  }

  private static String json(TrainerState state) throws IOException {
    ObjectNode node = JSON.createObjectNode();
    node.put("format", FORMAT);
    node.put("step", state.step());
    node.put("total_steps", state.totalSteps());
    node.put("seed", state.seed());
    node.put("weights_sha256", state.weightsHash());
    ObjectNode progress = node.putObject("progress");
    state.progress().forEach(progress::put);
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n";
  }

  /** The checkpoint with the most steps; empty if there is none. */
  public Optional<Path> latest() {
    List<Path> all = all();
    return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
  }

  /** Complete checkpoints by step. */
  private List<Path> all() {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .filter(entry -> NAME.matcher(entry.getFileName().toString()).matches())
          .sorted(Comparator.comparingLong(CheckpointFolder::stepOf))
          .toList();
    } catch (IOException e) {
      throw new LearnerException("cannot list checkpoints in " + folder + ": " + e.getMessage(), e);
    }
  }

  private static long stepOf(Path checkpoint) {
    Matcher name = NAME.matcher(checkpoint.getFileName().toString());
    return name.matches() ? Long.parseLong(name.group(1)) : -1;
  }

  private void deleteOldest() throws IOException {
    List<Path> all = all();
    for (Path old : all.subList(0, Math.max(all.size() - keep, 0))) {
      deleteAll(old);
    }
  }

  private static void deleteAll(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /**
   * Reads the state of a checkpoint.
   *
   * @throws LearnerException if the folder is no checkpoint of a run
   */
  public static TrainerState state(Path checkpoint) {
    Path file = checkpoint.resolve(STATE);
    if (!Files.isRegularFile(file)) {
      throw new LearnerException("cannot resume from " + checkpoint + ": it has no " + STATE);
    }
    try {
      JsonNode node = JSON.readTree(file.toFile());
      if (node.path("format").asInt() != FORMAT) {
        throw new LearnerException(
            "%s has format %s, this program reads %d".formatted(file, node.path("format"), FORMAT));
      }
      Map<String, String> progress = new TreeMap<>();
      node.path("progress")
          .properties()
          .forEach(e -> progress.put(e.getKey(), e.getValue().asText()));
      return new TrainerState(
          node.path("step").asLong(),
          node.path("total_steps").asLong(),
          node.path("seed").asLong(),
          node.path("weights_sha256").asText(),
          progress);
    } catch (IOException e) {
      throw new LearnerException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Goes on from a checkpoint.
   *
   * @param model loaded from the same checkpoint
   * @param optimizer of that model
   * @return where the run was
   * @throws LearnerException if a file is missing, broken or of another model
   */
  public static TrainerState resume(Path checkpoint, VisionLanguageModel model, AdamW optimizer) {
    TrainerState state = state(checkpoint);
    String hash = WeightArrays.sha256(model.parameters());
    if (!hash.equals(state.weightsHash())) {
      throw new LearnerException(
          "the weights of %s have SHA-256 %s, its %s says %s"
              .formatted(checkpoint, hash, STATE, state.weightsHash()));
    }
    try (SafetensorsFile moments = SafetensorsFile.open(checkpoint.resolve(MOMENTS))) {
      SortedMap<String, StoredTensor> tensors = moments.tensors();
      optimizer.restore(tensors);
    } catch (ModelException e) {
      throw new LearnerException(String.valueOf(e.getMessage()), e);
    }
    return state;
  }
}
