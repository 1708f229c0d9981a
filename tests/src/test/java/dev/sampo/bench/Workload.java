package dev.sampo.bench;

import dev.sampo.actors.engine.RunModels;
import dev.sampo.learner.batch.CachedPromptEncoder;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.tasks.data.DataCursor;
import dev.sampo.tasks.data.DataFile;
import dev.sampo.tasks.data.DataRow;
import dev.sampo.tasks.data.DataSet;
import dev.sampo.tasks.data.EpochOrder;
import dev.sampo.tasks.data.ImageFiles;
import dev.sampo.tasks.data.PromptSource;
import dev.sampo.tasks.data.QuestionTemplate;
import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.family.ModelFolder;
import dev.sampo.vlm.image.ImageLimits;
import dev.sampo.vlm.prompt.VlmProcessor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the benchmark runs on: a model folder and synthetic questions, with the sizes of {@code
 * conf/quickstart.conf}.
 */
final class Workload implements AutoCloseable {
  static final int GROUP_SIZE = 8;
  static final int GROUPS = 32;
  static final SamplingSettings SAMPLING = SamplingSettings.atTemperature(1, 40);
  private static final int ROWS = 512;
  private static final int DEMONSTRATED_IMAGES = 256;
  private static final long SEED = 0;

  private final Path model;
  private final Path data;
  private final ImageFiles images = new ImageFiles();
  private final VlmProcessor processor;
  private final PromptSource questions;

  private Workload(Path model, Path data) {
    this.model = model;
    this.data = data;
    this.processor = RunModels.processor(model, ImageLimits.NONE);
    this.questions =
        new PromptSource(
            rows("train", QuestionTemplate.forTask("rec")),
            EpochOrder.shuffled(SEED),
            DataCursor.START);
  }

  /** Writes the questions into {@code data}, an empty folder. */
  static Workload of(Path model, Path data) {
    RecDataWriter.write(
        data.resolve("rl"), RecDataSettings.forTraining(ROWS, 1, SEED), (done, total) -> {});
    RecDataWriter.write(
        data.resolve("sft"),
        RecDataSettings.forWarmStart(DEMONSTRATED_IMAGES, SEED),
        (done, total) -> {});
    return new Workload(model, data);
  }

  /** The policy; from random weights where the folder holds none. */
  VisionLanguageModel open() {
    return hasWeights()
        ? VisionLanguageModels.load(model, ModelOptions.standard())
        : VisionLanguageModels.initialize(model, SEED, ModelOptions.standard());
  }

  boolean hasWeights() {
    try (Stream<Path> files = Files.list(model)) {
      return files.anyMatch(file -> file.toString().endsWith(".safetensors"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  ModelFlops flops() {
    return ModelFlops.of(ModelFolder.read(model));
  }

  VlmProcessor processor() {
    return processor;
  }

  /** An encoder that keeps the images used last. */
  CachedPromptEncoder encoder(int numCached) {
    return new CachedPromptEncoder(processor, image -> images.find(image.sha256()), numCached);
  }

  /** The questions of one optimizer step, other ones at every call. */
  List<RolloutLease> nextLeases() {
    return Stream.generate(questions::next)
        .map(visit ->
            visit.row() instanceof DataRow.Example row
                ? lease(visit.id(), row.prompt())
                : unexpected(visit.row()))
        .limit(GROUPS)
        .toList();
  }

  private static RolloutLease lease(GroupId id, Prompt prompt) {
    return new RolloutLease(
        new LeaseId(1, id, 1), prompt, GROUP_SIZE, SAMPLING, id.value(), 0, Duration.ofMinutes(1));
  }

  private static RolloutLease unexpected(DataRow row) {
    throw new IllegalStateException("a synthetic row is bad: " + row);
  }

  /** Demonstrations, the largest file of the warm start. */
  DataSet demonstrations(QuestionTemplate template) {
    return rows("sft_full", template);
  }

  private DataSet rows(String split, QuestionTemplate template) {
    Path folder = data.resolve(split.startsWith("sft") ? "sft" : "rl");
    return DataSet.open(
        List.of(new DataFile(folder.resolve(split + ".jsonl"), folder)), "rec", template, images);
  }

  @Override
  public void close() {
    processor.close();
  }
}
