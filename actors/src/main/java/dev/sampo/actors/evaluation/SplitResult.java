package dev.sampo.actors.evaluation;

import dev.sampo.tasks.eval.RecReport;
import java.util.List;

/**
 * How one policy does on one split.
 *
 * @param greedy from the most likely answers
 * @param sampled from answers drawn at the evaluation temperature
 * @param answers the greedy answers, in the order of the split
 */
public record SplitResult(RecReport greedy, RecReport sampled, List<Answered> answers) {
  public SplitResult {
    answers = List.copyOf(answers);
  }
}
