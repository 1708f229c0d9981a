package dev.sampo.actors.report;

import dev.sampo.actors.StepReport;
import dev.sampo.actors.evaluation.Answered;
import dev.sampo.actors.evaluation.Comparison;
import dev.sampo.actors.evaluation.SplitResult;
import dev.sampo.protocol.ImageGrid;
import dev.sampo.protocol.Prompt;
import dev.sampo.tasks.data.DataFile;
import dev.sampo.tasks.data.DataRow;
import dev.sampo.tasks.data.DataSet;
import dev.sampo.tasks.data.ImageFiles;
import dev.sampo.tasks.data.QuestionTemplate;
import dev.sampo.tasks.eval.RecReport;
import dev.sampo.tasks.eval.RecVerdict;
import dev.sampo.tasks.rec.Box;
import dev.sampo.tasks.rec.RecAnswer;
import dev.sampo.tasks.rec.RecDataSettings;
import dev.sampo.tasks.rec.RecDataWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;

/**
 * Runs as they might have been: real scenes and questions, answers made up by a rule. Nothing here
 * comes from a model.
 */
final class ReportFixtures {
  private static final List<ImageGrid> GRIDS = List.of(new ImageGrid(1, 6, 6, OptionalInt.of(14)));

  private ReportFixtures() {}

  /** How a made-up policy answers the true box. */
  interface Policy {
    String answer(Box truth, int index);
  }

  /** Writes a box as width and height instead of the second corner; every fourth time no box. */
  static String inTheWrongConvention(Box box, int index) {
    return index % 4 == 3
        ? "<answer>no</answer>"
        : text(box.x1(), box.y1(), box.x2() - box.x1(), box.y2() - box.y1());
  }

  /** Is off by some pixels. */
  static String nearly(Box box, int index) {
    int off = index % 3;
    return text(box.x1() + off, box.y1(), box.x2() + off, box.y2() - off);
  }

  private static String text(double a, double b, double c, double d) {
    return "<think>look</think><answer>{\"bbox\":[%.0f,%.0f,%.0f,%.0f]}</answer>"
        .formatted(a, b, c, d);
  }

  static Comparison comparison(Path folder, ImageFiles images, Policy before, Policy after) {
    RecDataWriter.write(folder, RecDataSettings.forTraining(8, 24, 5), (done, total) -> {});
    Map<String, SplitResult> first = new LinkedHashMap<>();
    Map<String, SplitResult> second = new LinkedHashMap<>();
    for (String split : List.of("id", "attr", "ood_combo", "ood_many", "ood_rel")) {
      DataSet rows =
          DataSet.open(
              List.of(new DataFile(folder.resolve(split + ".jsonl"), folder)),
              "rec",
              QuestionTemplate.forTask("rec"),
              images);
      first.put(split, result(rows, before));
      second.put(split, result(rows, after));
    }
    return Comparison.of(first, second);
  }

  private static SplitResult result(DataSet rows, Policy policy) {
    List<Answered> answered = new ArrayList<>();
    List<List<RecVerdict>> verdicts = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      if (rows.row(i) instanceof DataRow.Example example) {
        Prompt prompt = example.prompt();
        Box truth = RecAnswer.reference(prompt.solution()).orElseThrow();
        String text = policy.answer(truth, i);
        RecVerdict verdict = RecVerdict.of(prompt, GRIDS, text).orElseThrow();
        Optional<Box> predicted =
            RecAnswer.predicted(text)
                .map(box ->
                    RecAnswer.toOriginal(
                        box,
                        prompt.images().getFirst().width(),
                        prompt.images().getFirst().height(),
                        GRIDS.getFirst()));
        verdicts.add(List.of(verdict));
        answered.add(new Answered(prompt, text, predicted, truth, verdict.iou()));
      }
    }
    RecReport report = RecReport.of(verdicts);
    return new SplitResult(report, report, answered);
  }

  /** Steps whose reward rises, with noise. */
  static List<StepReport> steps(int numSteps) {
    Random random = new Random(1);
    List<StepReport> steps = new ArrayList<>();
    for (int i = 1; i <= numSteps; i++) {
      double progress = 1 - Math.exp(-i / 15.0);
      double iou = 0.2 + 0.5 * progress + 0.04 * random.nextGaussian();
      double format = Math.min(1, 0.75 + 0.25 * progress + 0.03 * random.nextGaussian());
      steps.add(
          new StepReport(
              i,
              Map.ofEntries(
                  Map.entry("reward", iou + format),
                  Map.entry("rewards/iou/mean", iou),
                  Map.entry("rewards/rec-format/mean", format),
                  Map.entry("staleness/max", (double) Math.min(i - 1, 1 + random.nextInt(2))),
                  Map.entry("staleness/mean", Math.min(i - 1, 0.7 + 0.2 * random.nextDouble())),
                  Map.entry("utilisation/rollout", 0.8 + 0.1 * random.nextDouble()),
                  Map.entry("utilisation/learner", 0.9 + 0.1 * random.nextDouble()),
                  Map.entry("utilisation/reward", 0.01 * random.nextDouble()),
                  Map.entry("entropy", 0.5 * (1 - progress) + 0.1),
                  Map.entry("frac_reward_zero_std", 0.1 * progress),
                  Map.entry("mismatch/mean", 1e-6),
                  Map.entry("time/step", 0.6 + 0.1 * random.nextDouble()),
                  Map.entry("time/wait", 0.1 * random.nextDouble()))));
    }
    return steps;
  }
}
