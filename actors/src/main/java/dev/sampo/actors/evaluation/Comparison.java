package dev.sampo.actors.evaluation;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The policy before and after a run, on the same questions.
 *
 * @param splits the two results of each split, in the order they are reported
 */
public record Comparison(Map<String, BeforeAfter> splits) {

  /** One split before and after. */
  public record BeforeAfter(SplitResult before, SplitResult after) {}

  public Comparison {
    splits = Collections.unmodifiableMap(new LinkedHashMap<>(splits));
  }

  /**
   * Puts two evaluations side by side.
   *
   * @throws IllegalArgumentException when they are not of the same splits
   */
  public static Comparison of(Map<String, SplitResult> before, Map<String, SplitResult> after) {
    if (!before.keySet().equals(after.keySet())) {
      throw new IllegalArgumentException(
          "splits before are " + before.keySet() + ", after " + after.keySet());
    }
    Map<String, BeforeAfter> splits = new LinkedHashMap<>();
    before.forEach((name, result) -> {
      SplitResult later = after.get(name);
      if (later != null) {
        splits.put(name, new BeforeAfter(result, later));
      }
    });
    return new Comparison(splits);
  }
}
