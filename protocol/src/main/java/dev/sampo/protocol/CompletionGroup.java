package dev.sampo.protocol;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The G completions of one prompt under one lease.
 *
 * @param lease the lease they were generated under
 * @param prompt what was asked
 * @param promptTokens the prompt as the model saw it, vision tokens expanded // [P]
 * @param imageGrids patch grid of every image, in order
 * @param sampling how they were sampled
 * @param seed seed of the group
 * @param completions the completions in index order // [G]
 * @param worker the rollout worker that generated them
 */
public record CompletionGroup(
    LeaseId lease,
    Prompt prompt,
    TokenIds promptTokens,
    List<ImageGrid> imageGrids,
    SamplingSettings sampling,
    long seed,
    List<Completion> completions,
    String worker) {
  public CompletionGroup {
    imageGrids = List.copyOf(imageGrids);
    completions = List.copyOf(completions);
    if (completions.isEmpty()) {
      throw new IllegalArgumentException("a group has at least 1 completion");
    }
  }

  /** The optimizer step of the oldest policy that sampled a token of the group. */
  public long oldestStep() {
    long oldest = Long.MAX_VALUE;
    for (Completion completion : completions) {
      oldest = Math.min(oldest, completion.oldestStep());
    }
    return oldest;
  }

  /** Every policy that sampled a token of the group. */
  public Set<PolicyVersion> versions() {
    return completions.stream()
        .flatMap(completion -> completion.versions().stream())
        .map(VersionSpan::version)
        .collect(Collectors.toSet());
  }

  /** Sampled tokens of all completions. */
  public int numSampledTokens() {
    return completions.stream().mapToInt(completion -> completion.tokens().length()).sum();
  }
}
