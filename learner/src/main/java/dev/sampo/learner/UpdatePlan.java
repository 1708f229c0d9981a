package dev.sampo.learner;

import dev.sampo.learner.batch.MicroBatch;
import dev.sampo.learner.batch.UpdateBatch;
import dev.sampo.learner.objective.LossScale;
import dev.sampo.learner.objective.ObjectiveSettings;
import dev.sampo.learner.objective.PolicyObjective;
import dev.sampo.learner.objective.StepConstants;
import dev.sampo.learner.objective.StepSurvey;
import dev.sampo.protocol.PolicyVersion;
import java.util.List;

/** One optimizer update of an open step: its micro-batches and the numbers that they all need. */
final class UpdatePlan {

  /** A micro-batch with what is known of its rows so far. */
  static final class Pass {
    private final UpdatePlan update;
    private final MicroBatch batch;
    private MicroBatch.Rows rows;

    Pass(UpdatePlan update, MicroBatch batch, MicroBatch.Rows rows) {
      this.update = update;
      this.batch = batch;
      this.rows = rows;
    }

    UpdatePlan update() {
      return update;
    }

    MicroBatch batch() {
      return batch;
    }

    MicroBatch.Rows rows() {
      return rows;
    }

    void know(MicroBatch.Rows more) {
      rows = more;
    }
  }

  private final LossScale scale;
  private final List<Pass> passes;
  private final StepSurvey survey;
  private StepConstants constants;

  UpdatePlan(UpdateBatch batch, PolicyObjective objective, PolicyVersion current) {
    ObjectiveSettings settings = objective.settings();
    this.scale = batch.scale(settings.aggregation());
    this.passes =
        batch.microBatches().stream()
            .map(microBatch -> new Pass(this, microBatch, microBatch.rows(scale, current)))
            .toList();
    this.survey = new StepSurvey(objective);
    this.constants =
        new StepConstants(
            1, Double.NEGATIVE_INFINITY, scale.entropyWeight(settings.entropy().bonus()));
  }

  List<Pass> passes() {
    return passes;
  }

  /** Takes what the policy before the updates of the batch says of its rows, all at the end. */
  StepSurvey survey() {
    return survey;
  }

  /** All rows have been surveyed. */
  void surveyed() {
    constants = survey.constants(scale);
  }

  StepConstants constants() {
    return constants;
  }
}
