package dev.sampo.actors.cli;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import dev.sampo.actors.engine.NodeAssembly;
import dev.sampo.actors.engine.RunModels;
import dev.sampo.actors.question.RunQuestions;
import dev.sampo.config.ModelSource;
import dev.sampo.config.RunConfig;
import dev.sampo.learner.LearnerMemory;
import dev.sampo.learner.objective.ObjectiveSettings;
import dev.sampo.tasks.data.DataFile;
import dev.sampo.tasks.data.DataRow;
import dev.sampo.tasks.data.DataSet;
import dev.sampo.tasks.data.ImageFiles;
import dev.sampo.tasks.data.QuestionTemplate;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.image.ImageDecoder;
import dev.sampo.vlm.image.RgbImage;
import dev.sampo.vlm.prompt.VlmProcessor;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What a configuration amounts to: the arithmetic of a step, tokens of a prompt, memory. */
final class DryRun {
  private DryRun() {}

  /** The report, from the configuration, the model folder and the first row of the data. */
  static String of(RunConfig config) {
    int groups = config.learner().groupsPerStep();
    int size = config.rollout().groupSize();
    StringBuilder report = new StringBuilder();
    line(report, "steps", "%d", config.run().steps());
    line(
        report,
        "one step",
        "%d groups x %d completions = %d completions",
        groups,
        size,
        groups * size);
    line(report, "updates", "%d of the weights a step", config.learner().updatesPerStep());
    line(
        report,
        "decoded at a time",
        "up to %d groups x %d = %d completions",
        config.rollout().maxGroupsInFlight(),
        size,
        config.rollout().maxGroupsInFlight() * size);
    line(
        report,
        "under way at most",
        "%d groups (staleness up to %d steps)",
        (config.staleness().max() + 1) * groups,
        config.staleness().max());
    addObjective(report, config.learner().objective());
    addData(report, config);
    addModel(report, config);
    return report.toString();
  }

  private static void addObjective(StringBuilder report, ObjectiveSettings objective) {
    String name = "objective";
    for (String part : objective.formula().lines().toList()) {
      line(report, name, "%s", part);
      name = "";
    }
  }

  private static void addData(StringBuilder report, RunConfig config) {
    ImageFiles images = new ImageFiles();
    QuestionTemplate template = RunQuestions.template(config);
    DataFile file = new DataFile(config.data().train(), config.data().imageFolder());
    DataSet data = DataSet.open(List.of(file), config.data().task(), template, images);
    List<DataRow.BadRow> bad = data.check();
    int epochRows = NodeAssembly.prompts(config, data).epochRows();
    double epochs = (double) config.run().steps() * config.learner().groupsPerStep() / epochRows;
    line(
        report,
        "training rows",
        "%d, of which %d cannot be used; %.2f epochs of %d rows",
        data.size(),
        bad.size(),
        epochs,
        epochRows);
    bad.stream().limit(10).forEach(row -> line(report, "", "%s: %s", row.source(), row.reason()));
    for (int i = 0; i < data.size(); i++) {
      if (data.row(i) instanceof DataRow.Example example) {
        addPrompt(report, config, example, images);
        return;
      }
    }
  }

  private static void addPrompt(
      StringBuilder report, RunConfig config, DataRow.Example example, ImageFiles images) {
    try (VlmProcessor processor = RunModels.processor(config.model())) {
      List<RgbImage> pictures =
          example.prompt().images().stream()
              .map(image ->
                  ImageDecoder.decode(images.find(image.sha256()).orElseThrow(), image.sha256()))
              .toList();
      EncodedPrompt prompt = processor.encode(example.prompt().text(), pictures);
      int patches = prompt.images().stream().mapToInt(ImagePatches::numPatches).sum();
      line(
          report,
          "first prompt",
          "%d tokens with %d image patches; longest allowed %d",
          prompt.length(),
          patches,
          config.rollout().maxPromptTokens());
      long tokens =
          (long) config.learner().groupsPerStep()
              * (prompt.length()
                  + (long) config.rollout().groupSize() * config.sampling().maxTokens());
      line(
          report,
          "learner tokens",
          "up to %d a step in micro-batches of %d",
          tokens,
          config.learner().microBatchTokens());
    }
  }

  private static void addModel(StringBuilder report, RunConfig config) {
    try (var model = RunModels.open(config.model(), config.run().seed())) {
      long weights = model.numParameters();
      long trained = model.numTrainable(config.model().freeze().parts());
      line(report, "weights", "%d in %d tensors", weights, model.parameters().size());
      line(report, "trained", "%d; %d are frozen", trained, weights - trained);
      long adapters = model.numTrainable(Set.of());
      if (adapters < weights) {
        line(report, "adapters", "%d of them, beside %d weights", adapters, weights - adapters);
      }
      addMemory(
          report,
          config.model(),
          LearnerMemory.of(
              model, config.model().freeze().parts(), RunModels.copiesReference(config)));
    }
  }

  private static void addMemory(StringBuilder report, ModelSource model, LearnerMemory memory) {
    line(
        report,
        "learner memory",
        "%s: %s weights, %s gradients, %s optimizer, %s reference",
        mebibytes(memory.total()),
        mebibytes(memory.weights()),
        mebibytes(memory.gradients()),
        mebibytes(memory.optimizer()),
        mebibytes(memory.reference()));
    line(
        report,
        "",
        "image features (up to %s) and activations come on top",
        mebibytes(RunModels.fixed(model).isEmpty() ? 0 : model.featureCache().toBytes()));
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", (double) bytes / (1 << 20));
  }

  @FormatMethod
  private static void line(
      StringBuilder report, String name, @FormatString String format, Object... values) {
    report
        .append(String.format(Locale.ROOT, "%-18s ", name))
        .append(String.format(Locale.ROOT, format, values))
        .append('\n');
  }
}
