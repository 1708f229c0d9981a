package dev.sampo.actors.report;

import dev.sampo.actors.evaluation.Answered;
import dev.sampo.actors.evaluation.Comparison;
import dev.sampo.actors.evaluation.Comparison.BeforeAfter;
import dev.sampo.actors.evaluation.SplitResult;
import dev.sampo.tasks.eval.Estimate;
import dev.sampo.tasks.rec.Box;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Says in words what a run changed, from the numbers alone. A difference counts when it is larger
 * than two standard errors of the difference; before and after are measured on the same prompts, so
 * adding the variances overstates the error and makes the sentence the more careful.
 */
public final class Findings {
  private static final double STANDARD_ERRORS = 2;

  private enum Direction {
    ROSE("rose"),
    FELL("fell"),
    STAYED("did not change beyond its standard error");

    private final String verb;

    Direction(String verb) {
      this.verb = verb;
    }
  }

  private Findings() {}

  /** The sentences, one a line. */
  public static String of(Comparison comparison) {
    List<String> lines = new ArrayList<>();
    lines.addAll(changes("Greedy IoU", comparison, result -> result.greedy().iou()));
    lines.addAll(changes("Sampled IoU", comparison, result -> result.sampled().iou()));
    lines.addAll(
        changes("The share of well-formed answers", comparison, r -> r.sampled().format()));
    lines.add(convention(comparison));
    lines.add(weakest(comparison));
    return String.join("\n", lines) + "\n";
  }

  private static List<String> changes(
      String what, Comparison comparison, Function<SplitResult, Estimate> metric) {
    Map<Direction, List<String>> byDirection = new TreeMap<>();
    comparison
        .splits()
        .forEach((name, both) -> {
          Estimate before = metric.apply(both.before());
          Estimate after = metric.apply(both.after());
          byDirection
              .computeIfAbsent(direction(before, after), ignored -> new ArrayList<>())
              .add(String.format(Locale.ROOT, "%s (%+.2f)", name, after.mean() - before.mean()));
        });
    return byDirection.entrySet().stream()
        .map(entry ->
            what + " " + entry.getKey().verb + " on " + String.join(", ", entry.getValue()) + ".")
        .toList();
  }

  private static Direction direction(Estimate before, Estimate after) {
    double difference = after.mean() - before.mean();
    double error = Math.hypot(before.standardError(), after.standardError());
    if (Math.abs(difference) <= STANDARD_ERRORS * error) {
      return Direction.STAYED;
    }
    return difference > 0 ? Direction.ROSE : Direction.FELL;
  }

  /**
   * Tells learning the wanted notation from seeing better: a box that is right when read as [x, y,
   * width, height] was seen but written in another convention. Where both readings are allowed, a
   * gain is a gain in sight.
   */
  private static String convention(Comparison comparison) {
    double before = inEitherConvention(comparison, BeforeAfter::before);
    double after = inEitherConvention(comparison, BeforeAfter::after);
    double asWrittenBefore = greedyIou(comparison, BeforeAfter::before);
    double asWrittenAfter = greedyIou(comparison, BeforeAfter::after);
    return String.format(
        Locale.ROOT,
        "Over all splits greedy IoU went from %.2f to %.2f as written. Read as [x1,y1,x2,y2] or"
            + " [x,y,width,height], whichever fits better, the same answers go from %.2f to %.2f:"
            + " the second difference is seeing better, the rest is writing what the reward wants.",
        asWrittenBefore,
        asWrittenAfter,
        before,
        after);
  }

  private static double greedyIou(Comparison comparison, Function<BeforeAfter, SplitResult> when) {
    return mean(comparison, when, Answered::iou);
  }

  private static double inEitherConvention(
      Comparison comparison, Function<BeforeAfter, SplitResult> when) {
    return mean(comparison, when, Findings::iouInEitherConvention);
  }

  private static double iouInEitherConvention(Answered answered) {
    return answered
        .predicted()
        .map(box -> new Box(box.x1(), box.y1(), box.x1() + box.x2(), box.y1() + box.y2()))
        .map(box -> Math.max(answered.iou(), box.iou(answered.truth())))
        .orElse(answered.iou());
  }

  private static double mean(
      Comparison comparison,
      Function<BeforeAfter, SplitResult> when,
      ToDoubleFunction<Answered> metric) {
    return comparison.splits().values().stream()
        .map(when)
        .flatMap(result -> result.answers().stream())
        .mapToDouble(metric)
        .average()
        .orElse(0);
  }

  /** Where the policy is still weak: the split with the lowest greedy IoU. */
  private static String weakest(Comparison comparison) {
    return comparison.splits().entrySet().stream()
        .min(Comparator.comparingDouble(entry -> entry.getValue().after().greedy().iou().mean()))
        .map(entry ->
            String.format(
                Locale.ROOT,
                "Weakest after training is %s: greedy IoU %.2f, and %.0f %% of its answers hit"
                    + " (IoU > 0.5).",
                entry.getKey(),
                entry.getValue().after().greedy().iou().mean(),
                100 * entry.getValue().after().greedy().accuracy().mean()))
        .orElse("Nothing was evaluated.");
  }
}
