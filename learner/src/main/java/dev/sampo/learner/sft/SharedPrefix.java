package dev.sampo.learner.sft;

import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.PrefixTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Turns questions about the same images into one prompt with branches: what they have in common
 * from the start, images included, becomes the prompt, what follows becomes the branches.
 */
final class SharedPrefix {
  private SharedPrefix() {}

  /**
   * A branch of a tree.
   *
   * @param numQuestionTokens its first tokens belong to the question
   * @param examples what each branch is made of
   */
  record Branches(
      PrefixTree.Group group, List<Integer> numQuestionTokens, List<SftExample> examples) {}

  /**
   * Joins questions.
   *
   * @param examples what is joined
   * @param prompts their questions, with the same images, at least one
   * @param answers token ids of their answers, each at least one token
   */
  static Branches of(List<SftExample> examples, List<EncodedPrompt> prompts, List<int[]> answers) {
    int length = commonLength(prompts);
    EncodedPrompt first = prompts.getFirst();
    int[][] positions =
        Arrays.stream(first.positions())
            .map(axis -> Arrays.copyOf(axis, length))
            .toArray(int[][]::new);
    int next = 1 + Arrays.stream(positions).flatMapToInt(Arrays::stream).max().orElse(-1);
    requireText(first, length, next);
    List<int[]> branches = new ArrayList<>();
    List<Integer> questions = new ArrayList<>();
    for (int i = 0; i < prompts.size(); i++) {
      int[] ids = prompts.get(i).tokenIds();
      int[] answer = answers.get(i);
      int[] branch = Arrays.copyOfRange(ids, length, ids.length + answer.length);
      System.arraycopy(answer, 0, branch, ids.length - length, answer.length);
      branches.add(branch);
      questions.add(ids.length - length);
    }
    EncodedPrompt prefix =
        new EncodedPrompt(Arrays.copyOf(first.tokenIds(), length), positions, next, first.images());
    return new Branches(new PrefixTree.Group(prefix, branches), questions, examples);
  }

  private static int commonLength(List<EncodedPrompt> prompts) {
    int[] first = prompts.getFirst().tokenIds();
    int length = first.length;
    for (EncodedPrompt prompt : prompts) {
      int[] ids = prompt.tokenIds();
      int mismatch = Arrays.mismatch(first, 0, length, ids, 0, ids.length);
      length = mismatch < 0 ? length : Math.min(length, mismatch);
    }
    return length;
  }

  /** Positions of a branch count up from the prefix; those of an image would not. */
  private static void requireText(EncodedPrompt prompt, int from, int next) {
    for (int[] axis : prompt.positions()) {
      for (int i = from; i < axis.length; i++) {
        if (axis[i] != next + i - from) {
          throw new IllegalArgumentException(
              "questions of the same images must begin alike up to the last image");
        }
      }
    }
  }
}
