package dev.sampo.vlm.decoder;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.ops.DecoderOps;
import java.util.List;

/**
 * A prefix tree as the decoder takes it: prompts laid end to end, then what is fed of the branches,
 * which is all but the last token of each.
 *
 * <pre>
 *   tokens     p p p p | p p p | b b b | b b | b b b b
 *   hidden     last of prompt 0, last of prompt 1, b b b, b b, b b b b
 * </pre>
 *
 * The first token of a branch is predicted from the last of its prompt, the others from the one
 * before.
 */
final class TreeLayout {
  private final PrefixTree tree;
  private final int numPromptTokens;
  private final int numFedTokens;
  private final int longestPrompt;
  private final int longestFed;
  private final long[] tokens;
  private final long[] positions;

  TreeLayout(PrefixTree tree) {
    this.tree = tree;
    List<EncodedPrompt> prompts = tree.groups().stream().map(PrefixTree.Group::prompt).toList();
    numPromptTokens = prompts.stream().mapToInt(EncodedPrompt::length).sum();
    longestPrompt = prompts.stream().mapToInt(EncodedPrompt::length).max().orElse(0);
    numFedTokens =
        tree.groups().stream()
            .flatMap(group -> group.branches().stream())
            .mapToInt(branch -> branch.length - 1)
            .sum();
    longestFed = Math.max(1, tree.maxBranchLength() - 1);
    tokens = new long[numPromptTokens + numFedTokens];
    positions = new long[3 * tokens.length];
    fillPrompts();
    fillBranches();
  }

  private void fillPrompts() {
    int at = 0;
    for (PrefixTree.Group group : tree.groups()) {
      EncodedPrompt prompt = group.prompt();
      for (int i = 0; i < prompt.length(); i++) {
        tokens[at] = prompt.tokenIds()[i];
        for (int axis = 0; axis < 3; axis++) {
          positions[axis * tokens.length + at] = prompt.positions()[axis][i];
        }
        at++;
      }
    }
  }

  private void fillBranches() {
    int at = numPromptTokens;
    for (PrefixTree.Group group : tree.groups()) {
      for (int[] branch : group.branches()) {
        for (int i = 0; i < branch.length - 1; i++) {
          tokens[at] = branch[i];
          for (int axis = 0; axis < 3; axis++) {
            positions[axis * tokens.length + at] = (long) group.prompt().nextPosition() + i;
          }
          at++;
        }
      }
    }
  }

  /**
   * The arrays of the tree.
   *
   * @param scope owns them
   */
  DecoderOps.Tree arrays(ImageFeatures images, DecoderSettings text, NDManager scope) {
    NDManager cpu = scope.newSubManager(Device.cpu());
    long[] sizes = {
      tree.groups().size(), longestPrompt, tree.numRows(), longestFed, text.headSize()
    };
    return new DecoderOps.Tree(
        scope.create(tokens),
        scope.create(positions, new Shape(3, tokens.length)),
        scope.create(images.tokenAt()),
        images.features(),
        scope.create(promptCells()),
        scope.create(branchCells()),
        scope.create(promptOfRow()),
        scope.create(tree.groups().stream().mapToLong(group -> group.prompt().length()).toArray()),
        scope.create(axes(text)),
        scope.create(images.featureAt()),
        cpu.create(sizes),
        cpu.create(new double[] {text.normEpsilon(), text.ropeTheta()}));
  }

  /** Which position turns each rotary frequency. */
  private static long[] axes(DecoderSettings text) {
    var axes = new long[text.headSize() / 2];
    int at = 0;
    for (int axis = 0; axis < 3; axis++) {
      for (int i = 0; i < text.mropeSections().get(axis); i++) {
        axes[at++] = axis;
      }
    }
    return axes;
  }

  private long[] promptCells() {
    var cells = new long[numPromptTokens];
    int at = 0;
    for (int b = 0; b < tree.groups().size(); b++) {
      for (int i = 0; i < tree.groups().get(b).prompt().length(); i++) {
        cells[at++] = (long) b * longestPrompt + i;
      }
    }
    return cells;
  }

  private long[] branchCells() {
    var cells = new long[numFedTokens];
    int at = 0;
    long row = 0;
    for (PrefixTree.Group group : tree.groups()) {
      for (int[] branch : group.branches()) {
        for (int i = 0; i < branch.length - 1; i++) {
          cells[at++] = row * longestFed + i;
        }
        row++;
      }
    }
    return cells;
  }

  private long[] promptOfRow() {
    var prompts = new long[tree.numRows()];
    int row = 0;
    for (int b = 0; b < tree.groups().size(); b++) {
      for (int i = 0; i < tree.groups().get(b).branches().size(); i++) {
        prompts[row++] = b;
      }
    }
    return prompts;
  }
}
