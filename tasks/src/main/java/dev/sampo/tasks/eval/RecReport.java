package dev.sampo.tasks.eval;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * How well referring expressions were answered.
 *
 * @param numPrompts prompts asked; they are what the standard errors count
 * @param iou mean intersection over union, no box counting as 0
 * @param accuracy share of answers with an intersection over union above one half
 * @param format share of answers of the form that was asked for
 */
public record RecReport(int numPrompts, Estimate iou, Estimate accuracy, Estimate format) {

  /**
   * Sums up an evaluation.
   *
   * @param byPrompt the verdicts on the answers to each prompt: one for greedy decoding, several
   *     when answers were sampled. Answers to one prompt are not independent, so each prompt counts
   *     once, with the mean of its answers.
   * @throws IllegalArgumentException when there is no prompt, or one without answers
   */
  public static RecReport of(List<List<RecVerdict>> byPrompt) {
    return new RecReport(
        byPrompt.size(),
        estimate(byPrompt, RecVerdict::iou),
        estimate(byPrompt, verdict -> verdict.isHit() ? 1 : 0),
        estimate(byPrompt, verdict -> verdict.wellFormed() ? 1 : 0));
  }

  private static Estimate estimate(
      List<List<RecVerdict>> byPrompt, ToDoubleFunction<RecVerdict> metric) {
    return Estimate.of(byPrompt.stream().map(verdicts -> mean(verdicts, metric)).toList());
  }

  private static double mean(List<RecVerdict> verdicts, ToDoubleFunction<RecVerdict> metric) {
    return verdicts.stream()
        .mapToDouble(metric)
        .average()
        .orElseThrow(() -> new IllegalArgumentException("a prompt has at least 1 answer"));
  }
}
