package dev.sampo.actors.cli;

import dev.sampo.actors.engine.RunModels;
import dev.sampo.actors.evaluation.EvaluationSplits;
import dev.sampo.actors.evaluation.PolicyEvaluation;
import dev.sampo.actors.evaluation.SplitResult;
import dev.sampo.actors.question.RunQuestions;
import dev.sampo.config.RunConfig;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.prompt.VlmProcessor;
import java.io.PrintWriter;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Evaluations of one command: the same questions for every policy.
 *
 * @param config the run
 * @param splits the questions
 * @param out where progress goes
 */
record PolicyMeasurement(RunConfig config, EvaluationSplits splits, PrintWriter out) {

  /** Reads the questions of a run. */
  static PolicyMeasurement of(RunConfig config, PrintWriter out) {
    EvaluationSplits splits =
        EvaluationSplits.open(
            config.evaluation(), config.data().task(), RunQuestions.template(config));
    return new PolicyMeasurement(config, splits, out);
  }

  /**
   * Measures a policy.
   *
   * @param task what is shown while it runs
   * @param policy opens the policy
   * @param isCalledOff whether nobody waits for it any more
   * @throws java.util.concurrent.CancellationException if it was called off
   */
  Map<String, SplitResult> measure(
      String task, Supplier<VisionLanguageModel> policy, BooleanSupplier isCalledOff) {
    int passes = 2 * splits.prompts().size();
    try (CommandProgress progress = new CommandProgress(task, passes, out);
        VlmProcessor processor = RunModels.processor(config.model())) {
      return new PolicyEvaluation(config, splits)
          .measure(policy, processor, (done, total) -> progress.to(done), isCalledOff);
    }
  }
}
