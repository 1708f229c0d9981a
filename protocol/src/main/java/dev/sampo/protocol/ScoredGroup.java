package dev.sampo.protocol;

import java.util.List;

/**
 * A group with the scores of its completions.
 *
 * @param group the completions
 * @param scores one score per completion, in the same order // [G]
 */
public record ScoredGroup(CompletionGroup group, List<CompletionScore> scores) {
  public ScoredGroup {
    scores = List.copyOf(scores);
    if (scores.size() != group.completions().size()) {
      throw new IllegalArgumentException(
          "a scored group has one score per completion, got "
              + scores.size()
              + " scores for "
              + group.completions().size()
              + " completions");
    }
  }

  public GroupId id() {
    return group.lease().group();
  }
}
