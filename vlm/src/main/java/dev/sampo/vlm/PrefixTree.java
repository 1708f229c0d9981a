package dev.sampo.vlm;

import java.util.List;

/**
 * Prompts with the token sequences that continue them. Each prompt passes the network once, however
 * many branches it has; a branch attends to its prompt and to itself, and its positions continue
 * after the prompt.
 *
 * @param groups the prompts with their branches, in order
 */
public record PrefixTree(List<Group> groups) {
  public PrefixTree {
    groups = List.copyOf(groups);
  }

  /**
   * One prompt and its branches.
   *
   * @param prompt the shared prefix
   * @param branches token ids of each branch, each at least one token // [G][C]
   */
  public record Group(EncodedPrompt prompt, List<int[]> branches) {
    public Group {
      branches = List.copyOf(branches);
    }
  }

  /** Branches of all groups. */
  public int numRows() {
    return groups.stream().mapToInt(group -> group.branches().size()).sum();
  }

  /** Length of the longest branch. */
  public int maxBranchLength() {
    return groups.stream()
        .flatMap(group -> group.branches().stream())
        .mapToInt(branch -> branch.length)
        .max()
        .orElse(0);
  }
}
