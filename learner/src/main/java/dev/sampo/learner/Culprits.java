package dev.sampo.learner;

import dev.sampo.learner.batch.MicroBatch;
import dev.sampo.learner.objective.ObjectiveTerms;
import dev.sampo.protocol.GroupId;
import dev.sampo.vlm.BranchScores;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Finds the groups that made a loss or a gradient something else than a finite number. */
final class Culprits {
  private Culprits() {}

  /**
   * The groups of the rows with a token whose loss or entropy is not finite; all groups if only
   * their sum is not.
   *
   * @param groups the group of every row // [R]
   */
  static List<GroupId> ofLoss(
      List<GroupId> groups, MicroBatch.Rows rows, ObjectiveTerms terms, BranchScores scores) {
    float[] losses = terms.tokenLosses().toFloatArray();
    float[] entropies = scores.entropies().toFloatArray();
    Set<GroupId> found = new LinkedHashSet<>();
    for (int i = 0; i < losses.length; i++) {
      int row = i / rows.longest();
      float weighted = losses[i] * rows.weights()[row] + entropies[i];
      if (rows.live()[i] && !Float.isFinite(weighted)) {
        found.add(groups.get(row));
      }
    }
    return found.isEmpty() ? groups.stream().distinct().toList() : List.copyOf(found);
  }

  /**
   * The groups that fail alone; all groups of the update if none does.
   *
   * @param passesAlone whether the gradient of one group alone is finite
   */
  static List<GroupId> ofGradient(UpdatePlan update, Predicate<UpdatePlan.Pass> passesAlone) {
    List<GroupId> found = new ArrayList<>();
    List<GroupId> all = new ArrayList<>();
    for (UpdatePlan.Pass pass : update.passes()) {
      int row = 0;
      for (MicroBatch.Member member : pass.batch().members()) {
        var alone = new MicroBatch(List.of(member));
        int count = alone.idsOfRows().size();
        MicroBatch.Rows rows = pass.rows().alone(row, count);
        all.add(member.group().id());
        if (!passesAlone.test(new UpdatePlan.Pass(update, alone, rows))) {
          found.add(member.group().id());
        }
        row += count;
      }
    }
    return found.isEmpty() ? all : found;
  }
}
