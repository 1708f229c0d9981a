package dev.sampo.losses;

import dev.sampo.learner.batch.MicroBatch;
import dev.sampo.learner.batch.TrainingBatch;
import dev.sampo.learner.batch.UpdateBatch;
import dev.sampo.learner.objective.ObjectivePreset;
import dev.sampo.learner.objective.ObjectiveSettings;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.ScoredGroup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Cases about the end of a completion. The rollout engine samples the tokens of the case, which are
 * the only likely ones, until one ends the completion; the mask is what the learner trains on.
 */
final class CompletionCases {
  private CompletionCases() {}

  static void check(CaseLine line, Fields inputs, Fields expected, Comparison comparison) {
    int[][] ids = inputs.wholeMatrix("completion_ids");
    int end = inputs.integer("eos_token_id");
    comparison.check("mask", mask(ids, end), expected.matrix(CaseLine.VALUE));
  }

  /** One group per row. */
  private static double[][] mask(int[][] ids, int end) {
    int width = ids[0].length;
    // Which tokens are equal is all that matters; numbered anew, the largest id costs no memory.
    TreeSet<Integer> tokens = new TreeSet<>(Set.of(end));
    Arrays.stream(ids).flatMapToInt(Arrays::stream).forEach(tokens::add);
    List<int[]> answers =
        Arrays.stream(ids)
            .map(row -> Arrays.stream(row).map(id -> tokens.headSet(id).size()).toArray())
            .toList();
    Set<Integer> ends = Set.of(tokens.headSet(end).size());
    try (var policy = new ScriptedPolicy(answers, tokens.size());
        var rollout = new ScriptedRollout(policy, ends, 1, ids.length, width)) {
      for (int row = 0; row < ids.length; row++) {
        rollout.ask(new GroupId(row), prompt(row), row, ScriptedRollout.version(0));
      }
      List<ScoredGroup> groups = new ArrayList<>(rollout.generate());
      groups.sort(Comparator.comparing(ScoredGroup::id));
      return live(groups, width);
    }
  }

  private static Prompt prompt(int row) {
    return new Prompt("row:" + row, "case", "", List.of(), "", Map.of());
  }

  /** The live mask of the learner's rows, which are as wide as the longest completion. */
  private static double[][] live(List<ScoredGroup> groups, int width) {
    ObjectiveSettings objective = ObjectivePreset.GRPO.settings();
    UpdateBatch update =
        TrainingBatch.pack(groups, objective.advantages(Map.of()), 0, Integer.MAX_VALUE)
            .updates()
            .getFirst();
    MicroBatch.Rows rows =
        update
            .microBatches()
            .getFirst()
            .rows(update.scale(objective.aggregation()), ScriptedRollout.version(0));
    double[][] mask = new double[rows.numRows()][width];
    for (int row = 0; row < mask.length; row++) {
      for (int t = 0; t < rows.longest(); t++) {
        mask[row][t] = rows.live()[row * rows.longest() + t] ? 1 : 0;
      }
    }
    return mask;
  }
}
