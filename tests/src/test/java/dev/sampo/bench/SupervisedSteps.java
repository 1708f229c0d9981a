package dev.sampo.bench;

import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.optimizer.ScheduleShape;
import dev.sampo.learner.sft.SftData;
import dev.sampo.learner.sft.SftExample;
import dev.sampo.learner.sft.SftPhase;
import dev.sampo.learner.sft.SftSettings;
import dev.sampo.learner.sft.SftTraining;
import dev.sampo.tasks.data.DataRow;
import dev.sampo.tasks.data.DataSet;
import dev.sampo.tasks.data.QuestionTemplate;
import dev.sampo.vlm.VisionLanguageModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/** Supervised steps as in the last phase of {@code conf/warm-start.conf}. */
final class SupervisedSteps implements AutoCloseable {
  private static final QuestionTemplate TEMPLATE = QuestionTemplate.forTask("rec");
  private static final int IMAGES = 12;
  private static final int QUESTIONS = 4;
  private static final int STEPS_PER_SAMPLE = 5;

  private record Rows(DataSet rows) implements SftData {
    @Override
    public int size() {
      return rows.size();
    }

    @Override
    public Optional<SftExample> example(int row) {
      return rows.row(row) instanceof DataRow.Example example
          ? Optional.of(new SftExample(example.prompt(), example.response()))
          : Optional.empty();
    }
  }

  private final VisionLanguageModel model;
  private final AdamW optimizer;
  private final SftTraining training;

  SupervisedSteps(Workload work, int threads) {
    SftPhase phase =
        new SftPhase(Path.of(""), Path.of(""), TEMPLATE.text(), IMAGES, QUESTIONS, 10_000);
    SftSettings settings =
        new SftSettings(
            List.of(phase),
            1e-4,
            ScheduleShape.CONSTANT,
            0,
            0,
            1,
            1,
            0.05,
            0.9,
            0.98,
            1e-8,
            1,
            8192,
            false,
            8192,
            threads);
    this.model = work.open();
    this.optimizer = new AdamW(model.parameters(), settings.optimizer());
    this.training =
        new SftTraining(
            model,
            optimizer,
            settings,
            List.of(new Rows(work.demonstrations(TEMPLATE))),
            work.encoder(64),
            work.processor()::encodeAnswer,
            0,
            0);
  }

  /** Some steps. */
  void measure(Results results) {
    Stopwatch watch = new Stopwatch();
    double answers = 0;
    double rows = 0;
    for (int i = 0; i < STEPS_PER_SAMPLE; i++) {
      SortedMap<String, Double> metrics = training.step().metrics();
      answers += metrics.getOrDefault("num_tokens", 0.0);
      rows += metrics.getOrDefault("rows", 0.0);
    }
    double seconds = watch.lap().seconds();
    results.add("supervised step, 12 images x 4 questions", "s", seconds / STEPS_PER_SAMPLE);
    results.add("supervised, answer tokens", "tokens/s", answers / seconds);
    results.add("supervised, demonstrations", "rows/s", rows / seconds);
  }

  @Override
  public void close() {
    training.close();
    optimizer.close();
    model.close();
  }
}
