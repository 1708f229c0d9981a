package dev.sampo.vlm.decoder;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.ops.DecoderOps;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The tokens of all branches of a tree, row by row, and the hidden state that each is predicted
 * from.
 */
final class BranchTargets {
  /** Floats that one chunk of logits may take where nothing is recorded. */
  private static final int LOGITS_PER_CHUNK = 1 << 24;

  /** Logits that stay in the cache of a CPU between one operation and the next. */
  private static final int LOGITS_IN_CACHE = 1 << 18;

  private final int width;

  /** First target of each row, and the end of the last // [R + 1] */
  private final int[] rowStarts;

  private final long[] source;
  private final long[] tokens;

  BranchTargets(PrefixTree tree) {
    width = tree.maxBranchLength();
    int numTargets =
        tree.groups().stream()
            .flatMap(group -> group.branches().stream())
            .mapToInt(branch -> branch.length)
            .sum();
    rowStarts = new int[tree.numRows() + 1];
    source = new long[numTargets];
    tokens = new long[numTargets];
    int at = 0;
    int row = 0;
    long fed = tree.groups().size();
    for (int b = 0; b < tree.groups().size(); b++) {
      for (int[] branch : tree.groups().get(b).branches()) {
        for (int i = 0; i < branch.length; i++) {
          source[at] = i == 0 ? b : fed++;
          tokens[at++] = branch[i];
        }
        rowStarts[++row] = at;
      }
    }
  }

  int numRows() {
    return rowStarts.length - 1;
  }

  /** Tokens of the longest branch: C. */
  int width() {
    return width;
  }

  /** First token of a row; of the row after the last, the number of tokens. */
  int start(int row) {
    return rowStarts[row];
  }

  /** Row of the hidden states that leave the last layer for each token // [M] */
  long[] source() {
    return source;
  }

  /** Ids of some tokens. */
  long[] tokens(int from, int to) {
    return Arrays.copyOfRange(tokens, from, to);
  }

  /** Cells of the tokens of some rows in a grid of these rows alone, C wide. */
  long[] cells(int firstRow, int endRow) {
    return IntStream.range(firstRow, endRow)
        .boxed()
        .flatMapToInt(row ->
            IntStream.range(0, rowStarts[row + 1] - rowStarts[row])
                .map(i -> (row - firstRow) * width + i))
        .asLongStream()
        .toArray();
  }

  /** Tokens that are scored at a time, few enough for the cache of a CPU. */
  static int tokensAtATime(int vocabularySize, NDManager scope) {
    return scope.getDevice().equals(Device.cpu())
        ? Math.max(1, LOGITS_IN_CACHE / vocabularySize)
        : Integer.MAX_VALUE;
  }

  /**
   * What to score without gradients.
   *
   * @param scope owns the arrays
   */
  DecoderOps.Targets arrays(double temperature, int vocabularySize, NDManager scope) {
    int chunk = Math.max(64, LOGITS_PER_CHUNK / vocabularySize);
    int piece = tokensAtATime(vocabularySize, scope);
    NDManager cpu = scope.newSubManager(Device.cpu());
    return new DecoderOps.Targets(
        scope.create(source),
        scope.create(tokens),
        scope.create(cells(0, numRows())),
        cpu.create(new long[] {numRows(), width, chunk, piece}),
        cpu.create(new double[] {temperature}));
  }
}
