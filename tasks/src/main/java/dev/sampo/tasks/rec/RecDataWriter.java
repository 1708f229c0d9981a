package dev.sampo.tasks.rec;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.tasks.SeedMixer;
import dev.sampo.tasks.data.FolderPublication;
import dev.sampo.tasks.scene.Scene;
import dev.sampo.tasks.scene.SceneObject;
import dev.sampo.tasks.scene.ScenePainter;
import dev.sampo.tasks.scene.SceneSampler;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * Writes a synthetic data set in the VLM-R1 format:
 *
 * <pre>
 * OUT/train.jsonl               one row per question; image paths start at OUT
 * OUT/images/train/000000.png   one file per scene
 * OUT/settings.txt              what it was made from
 * </pre>
 */
public final class RecDataWriter {
  /** Told how far the work is. */
  @FunctionalInterface
  public interface Progress {
    void rowsWritten(int done, int total);
  }

  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final int TRIES_PER_QUESTION = 20;

  private final RecDataSettings settings;
  private final SceneSampler sampler;

  private record Asked(Scene scene, List<RecQuestion> questions) {}

  private RecDataWriter(RecDataSettings settings) {
    this.settings = settings;
    this.sampler = new SceneSampler(settings.scenes());
  }

  /**
   * Writes the data set as a whole or not at all. A folder that already holds the same data set is
   * left as it is.
   *
   * @param out the folder to make; it may exist when it is empty
   * @return whether anything was written
   * @throws dev.sampo.tasks.DataException when the folder holds something else or cannot be written
   */
  public static boolean write(Path out, RecDataSettings settings, Progress progress) {
    return FolderPublication.publish(
        out,
        settings.toString(),
        folder -> new RecDataWriter(settings).writeInto(folder, progress));
  }

  private void writeInto(Path folder, Progress progress) throws IOException {
    int done = 0;
    for (RecSplit split : settings.splits()) {
      Files.createDirectories(folder.resolve("images").resolve(split.name()));
      try (Writer rows = Files.newBufferedWriter(folder.resolve(split.name() + ".jsonl"))) {
        for (int image = 0; image < split.numImages(); image++) {
          int numRows =
              Math.min(split.rowsPerImage(), split.numRows() - image * split.rowsPerImage());
          writeImage(folder, split, image, numRows, rows);
          done += numRows;
          progress.rowsWritten(done, settings.numRows());
        }
      }
    }
  }

  private void writeImage(Path folder, RecSplit split, int image, int numRows, Writer rows)
      throws IOException {
    Random random = SeedMixer.random(settings.seed(), split.name().hashCode(), image);
    Asked asked = draw(random, split);
    String path = "images/%s/%06d.png".formatted(split.name(), image);
    Files.write(folder.resolve(path), ScenePainter.png(asked.scene()));
    for (int i = 0; i < numRows; i++) {
      int id = image * split.rowsPerImage() + i;
      rows.write(row(random, split, id, path, asked.questions().get(i)) + "\n");
    }
  }

  /** Draws scenes until one allows as many questions as its image shall have. */
  private Asked draw(Random random, RecSplit split) {
    while (true) {
      int range = split.maxObjects() - split.minObjects() + 1;
      Scene scene = sampler.draw(random, split.minObjects() + random.nextInt(range), split.looks());
      List<RecQuestion> questions = ask(random, split, scene);
      if (questions.size() == split.rowsPerImage()) {
        return new Asked(scene, questions);
      }
    }
  }

  /** Asks different questions where it can; after some tries a repeated one counts too. */
  private static List<RecQuestion> ask(Random random, RecSplit split, Scene scene) {
    List<RecQuestion> questions = new ArrayList<>();
    Set<String> queries = new HashSet<>();
    for (int i = 0; i < 2 * TRIES_PER_QUESTION && questions.size() < split.rowsPerImage(); i++) {
      Optional<RecQuestion> question = split.ask(random, scene);
      if (question.isPresent()
          && (queries.add(question.get().query()) || i >= TRIES_PER_QUESTION)) {
        questions.add(question.get());
      }
    }
    return questions;
  }

  private ObjectNode row(
      Random random, RecSplit split, int id, String image, RecQuestion question) {
    ObjectNode row = JSON.createObjectNode();
    row.put("id", id).put("image", image).put("query", question.query());
    ArrayNode turns = row.putArray("conversations");
    turns.addObject().put("from", "human").put("value", "<image>" + question.problem());
    ObjectNode answer = turns.addObject().put("from", "gpt");
    SceneObject target = question.target();
    switch (split.answers()) {
      case RecSplit.Answers.Boxes() ->
          answer
              .putArray("value")
              .add(target.x())
              .add(target.y())
              .add(target.x() + target.side())
              .add(target.y() + target.side());
      case RecSplit.Answers.Demonstrations shares ->
          answer.put("value", shares.draw(random).text(target, settings.scenes().side()));
    }
    return row;
  }
}
