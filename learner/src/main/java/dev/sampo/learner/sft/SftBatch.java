package dev.sampo.learner.sft;

import dev.sampo.learner.batch.TokenBudget;
import dev.sampo.vlm.PrefixTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What one supervised step passes through the network.
 *
 * @param parts micro-batches
 * @param numAnswerTokens tokens that the loss is a mean over
 * @param numRows questions
 * @param numSetAside rows that could not be encoded
 */
record SftBatch(List<Part> parts, int numAnswerTokens, int numRows, int numSetAside) {
  SftBatch {
    parts = List.copyOf(parts);
  }

  /**
   * A micro-batch.
   *
   * @param examples what each row of the tree is made of
   * @param weights weight of every branch token in the loss; 0 for questions and padding // [R, C]
   */
  @SuppressWarnings("ArrayRecordComponent") // built once, then only read
  record Part(PrefixTree tree, List<SftExample> examples, float[] weights, boolean[] live) {}

  /** All rows of the step. */
  List<SftExample> examples() {
    return parts.stream().flatMap(part -> part.examples().stream()).toList();
  }

  static SftBatch of(List<SharedPrefix.Branches> images, int numSetAside, int tokenBudget) {
    int answerTokens = 0;
    int rows = 0;
    List<Long> sizes = new ArrayList<>();
    for (SharedPrefix.Branches image : images) {
      int longest = 0;
      for (int b = 0; b < image.group().branches().size(); b++) {
        int length = image.group().branches().get(b).length;
        longest = Math.max(longest, length);
        answerTokens += length - image.numQuestionTokens().get(b);
        rows++;
      }
      sizes.add(image.group().prompt().length() + (long) longest * image.group().branches().size());
    }
    List<Part> parts = new ArrayList<>();
    int from = 0;
    for (int count : TokenBudget.pack(sizes, tokenBudget)) {
      parts.add(part(images.subList(from, from + count), answerTokens));
      from += count;
    }
    return new SftBatch(parts, answerTokens, rows, numSetAside);
  }

  private static Part part(List<SharedPrefix.Branches> images, int answerTokens) {
    PrefixTree tree = new PrefixTree(images.stream().map(SharedPrefix.Branches::group).toList());
    int longest = tree.maxBranchLength();
    float[] weights = new float[tree.numRows() * longest];
    boolean[] live = new boolean[weights.length];
    int row = 0;
    for (SharedPrefix.Branches image : images) {
      for (int b = 0; b < image.group().branches().size(); b++, row++) {
        int from = row * longest + image.numQuestionTokens().get(b);
        int to = row * longest + image.group().branches().get(b).length;
        Arrays.fill(weights, from, to, 1f / answerTokens);
        Arrays.fill(live, from, to, true);
      }
    }
    List<SftExample> examples =
        images.stream().flatMap(image -> image.examples().stream()).toList();
    return new Part(tree, examples, weights, live);
  }
}
