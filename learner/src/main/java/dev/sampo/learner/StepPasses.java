package dev.sampo.learner;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.sampo.learner.batch.MicroBatch;
import dev.sampo.learner.batch.PromptEncoder;
import dev.sampo.learner.objective.ObjectiveRows;
import dev.sampo.learner.objective.ObjectiveTerms;
import dev.sampo.learner.objective.PolicyObjective;
import dev.sampo.learner.objective.StepConstants;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.protocol.GroupId;
import dev.sampo.vlm.BranchLoss;
import dev.sampo.vlm.BranchScores;
import dev.sampo.vlm.PolicyScorer;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.TrainingPass;
import dev.sampo.vlm.VisionLanguageModel;
import java.util.List;
import java.util.Optional;

/**
 * The passes of a step through the networks of policy and reference: what they say of rows goes
 * into the open step, and gradients into the optimizer's sums. Runs on the thread that owns the
 * models.
 */
final class StepPasses implements AutoCloseable {
  private final VisionLanguageModel policy;
  private final ReferencePolicy reference;
  private final AdamW optimizer;
  private final PolicyObjective objective;
  private final LearnerSettings settings;
  private final PromptEncoder encoder;
  private final NDManager manager;

  StepPasses(
      VisionLanguageModel policy,
      ReferencePolicy reference,
      AdamW optimizer,
      PolicyObjective objective,
      LearnerSettings settings,
      PromptEncoder encoder) {
    this.policy = policy;
    this.reference = reference;
    this.optimizer = optimizer;
    this.objective = objective;
    this.settings = settings;
    this.encoder = encoder;
    this.manager = NDManager.newBaseManager(policy.device());
  }

  /** Asks the reference policy about completions whose rewards its answer changes. */
  void refer(OpenStep step, MicroBatch batch) {
    PrefixTree tree = encode(step, batch);
    try (NDManager scope = manager.newSubManager()) {
      step.divergence().add(batch, askReference(step, tree, scope));
    }
  }

  /** Scores rows with the policy as it is before the updates of the batch. */
  void scoreBefore(OpenStep step, UpdatePlan.Pass pass) {
    PrefixTree tree = encode(step, pass.batch());
    try (NDManager scope = manager.newSubManager()) {
      BranchScores scores =
          step.clock().time("old", () -> policy.score(tree, step.batch().temperature(), scope));
      pass.know(pass.rows().withOld(scores.logProbs().toFloatArray()));
      know(step, pass, tree, scope);
      UpdatePlan update = pass.update();
      if (settings.objective().needsScoresBefore()) {
        ObjectiveRows rows = arrays(pass.rows(), update.constants(), scope);
        update.survey().add(scores.logProbs(), scores.entropies(), rows);
        if (pass == update.passes().getLast()) {
          update.surveyed();
        }
      }
    }
  }

  private PrefixTree encode(OpenStep step, MicroBatch batch) {
    return step.clock().time("encode", () -> batch.tree(encoder));
  }

  /** Asks the reference policy where the loss needs it, unless its answer is known. */
  private void know(OpenStep step, UpdatePlan.Pass pass, PrefixTree tree, NDManager scope) {
    if (settings.objective().kl().isInLoss() && pass.rows().reference().isEmpty()) {
      BranchScores scores = askReference(step, tree, scope);
      pass.know(pass.rows().withReference(scores.logProbs().toFloatArray()));
    }
  }

  private BranchScores askReference(OpenStep step, PrefixTree tree, NDManager scope) {
    PolicyScorer scorer = reference.scorer().orElseThrow();
    return step.clock()
        .time("reference", () -> scorer.score(tree, step.batch().temperature(), scope));
  }

  void train(OpenStep step, UpdatePlan.Pass pass) {
    PrefixTree tree = encode(step, pass.batch());
    try (NDManager scope = manager.newSubManager()) {
      know(step, pass, tree, scope);
    }
    backward(step, tree, (first, scores) -> loss(step, pass, first, scores));
  }

  private void backward(OpenStep step, PrefixTree tree, BranchLoss loss) {
    var network =
        new TrainingPass(
            step.batch().temperature(),
            settings.objective().needsEntropyGradients(),
            settings.recompute(),
            settings.logitTokens());
    step.clock()
        .time(
            "network",
            () -> {
              policy.backward(tree, network, loss);
              optimizer.accumulate();
            });
  }

  /** Empty if it is not finite; then the step is stopped. */
  private Optional<NDArray> loss(
      OpenStep step, UpdatePlan.Pass pass, int firstRow, BranchScores scores) {
    int count = (int) scores.logProbs().getShape().get(0);
    MicroBatch.Rows rows = pass.rows().slice(firstRow, count);
    ObjectiveRows arrays = arrays(rows, pass.update().constants(), scores.logProbs().getManager());
    ObjectiveTerms terms = objective.terms(scores.logProbs(), scores.entropies(), arrays);
    float value = terms.loss().getFloat();
    step.addLoss(value);
    if (!Float.isFinite(value)) {
      List<GroupId> groups = pass.batch().idsOfRows().subList(firstRow, firstRow + count);
      step.stop("the loss is not finite", Culprits.ofLoss(groups, rows, terms, scores));
      return Optional.empty();
    }
    step.statistics()
        .add(scores.logProbs(), scores.entropies(), arrays, terms, step.sampledByCurrent(rows));
    return Optional.of(terms.loss());
  }

  private static ObjectiveRows arrays(
      MicroBatch.Rows rows, StepConstants constants, NDManager scope) {
    Shape matrix = new Shape(rows.numRows(), rows.longest());
    Shape column = new Shape(rows.numRows(), 1);
    return new ObjectiveRows(
        scope.create(rows.behaviour(), matrix),
        rows.old().map(old -> scope.create(old, matrix)),
        rows.reference().map(reference -> scope.create(reference, matrix)),
        scope.create(rows.live(), matrix),
        scope.create(rows.lengths(), column),
        scope.create(rows.advantages(), column),
        scope.create(rows.weights(), column),
        constants);
  }

  /** The groups whose gradient alone is not finite; each passes the network once more. */
  List<GroupId> culpritsOfGradient(OpenStep step, UpdatePlan update) {
    return Culprits.ofGradient(
        update,
        pass -> {
          optimizer.zeroGradients();
          backward(
              step,
              encode(step, pass.batch()),
              (first, scores) -> {
                int count = (int) scores.logProbs().getShape().get(0);
                MicroBatch.Rows rows = pass.rows().slice(first, count);
                NDManager scope = scores.logProbs().getManager();
                return Optional.of(
                    objective.loss(
                        scores.logProbs(),
                        scores.entropies(),
                        arrays(rows, update.constants(), scope)));
              });
          return Double.isFinite(optimizer.gradientNorm());
        });
  }

  @Override
  public void close() {
    manager.close();
  }
}
