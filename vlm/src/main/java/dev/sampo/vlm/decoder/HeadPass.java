package dev.sampo.vlm.decoder;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.BranchLoss;
import dev.sampo.vlm.BranchScores;
import dev.sampo.vlm.TrainingPass;
import dev.sampo.vlm.ops.ArrayOps;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.ops.LayerSeeds;
import dev.sampo.vlm.ops.NetworkWeights;
import dev.sampo.vlm.ops.TrainingOps;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * From hidden states to the loss and back, a block of rows at a time, so that the logits of few
 * tokens exist at once. Per block:
 *
 * <pre>
 *   hidden -> logits -> log-probs, entropies -> loss
 *   hidden <- logits <- log-probs, entropies <-
 * </pre>
 *
 * The logits of a block are one array: probabilities take their place, then their gradient. A row
 * with more tokens than a block may have is cut into chunks, whose logits are computed once for the
 * loss and once more for the way back.
 */
final class HeadPass {
  private static final int HEAD = 2;

  private final NetworkWeights weights;
  private final BranchTargets targets;
  private final TrainingPass pass;
  private final int piece;
  private final LayerSeeds seeds;
  private final int seed;

  /**
   * A pass over one tree.
   *
   * @param seed the head's among {@code seeds}
   */
  HeadPass(
      NetworkWeights weights,
      BranchTargets targets,
      TrainingPass pass,
      int piece,
      LayerSeeds seeds,
      int seed) {
    this.weights = weights;
    this.targets = targets;
    this.pass = pass;
    this.piece = piece;
    this.seeds = seeds;
    this.seed = seed;
  }

  /**
   * Adds to the gradients of the head.
   *
   * @param hidden recorded; what each target is predicted from // [M, E]
   * @param scope owns the result
   * @return the gradient of {@code hidden}; empty if the loss gave up // [M, E]
   */
  Optional<NDArray> run(NDArray hidden, BranchLoss loss, NDManager scope) {
    var gradients = new ArrayList<NDArray>();
    int row = 0;
    while (row < targets.numRows()) {
      int end = endOfBlock(row);
      try (NDManager inner = scope.newSubManager()) {
        var block = new Block(row, end, hidden, inner);
        if (!block.run(loss)) {
          return Optional.empty();
        }
        for (NDArray gradient : block.gradients) {
          gradient.attach(scope);
          gradients.add(gradient);
        }
      }
      row = end;
    }
    return Optional.of(
        gradients.size() == 1 ? gradients.getFirst() : ArrayOps.concatenate(scope, gradients));
  }

  /** At least one row, and as many as there are logits for. */
  private int endOfBlock(int row) {
    int end = row + 1;
    while (end < targets.numRows()
        && targets.start(end + 1) - targets.start(row) <= pass.logitTokens()) {
      end++;
    }
    return end;
  }

  private final class Block {
    private final int firstRow;
    private final int endRow;
    private final NDArray hidden;
    private final NDManager scope;
    private final List<Chunk> chunks = new ArrayList<>();

    /** Of the hidden states, chunk by chunk. */
    private final List<NDArray> gradients = new ArrayList<>();

    Block(int firstRow, int endRow, NDArray hidden, NDManager scope) {
      this.firstRow = firstRow;
      this.endRow = endRow;
      this.hidden = hidden;
      this.scope = scope;
    }

    boolean run(BranchLoss loss) {
      int from = targets.start(firstRow);
      int end = targets.start(endRow);
      boolean isCut = end - from > pass.logitTokens();
      while (from < end) {
        int to = Math.min(end, from + pass.logitTokens());
        var chunk = new Chunk(from, to, hidden, scope);
        chunk.forward();
        if (isCut) {
          chunk.release();
        }
        chunks.add(chunk);
        from = to;
      }
      NDArray cells = scope.create(targets.cells(firstRow, endRow));
      int rows = endRow - firstRow;
      NDList grids = TrainingOps.grids(scope, scores(), cells, rows, targets.width());
      NDArray logProbs = grids.get(0);
      NDArray entropies = grids.get(1);
      logProbs.setRequiresGradient(true);
      entropies.setRequiresGradient(pass.entropyGradients());
      Optional<NDArray> value =
          loss.of(firstRow, new BranchScores(logProbs, entropies, grids.get(2)));
      if (value.isEmpty()) {
        return false;
      }
      if (Gradients.isRecorded(value.get())) {
        Gradients.backward(value.get(), value.get().onesLike());
      }
      backward(gradient(logProbs, cells), gradient(entropies, cells));
      return true;
    }

    /** Of all chunks. */
    private NDList scores() {
      if (chunks.size() == 1) {
        return chunks.getFirst().scores;
      }
      return new NDList(
          ArrayOps.concatenate(scope, chunks.stream().map(c -> c.scores.get(0)).toList()),
          ArrayOps.concatenate(scope, chunks.stream().map(c -> c.scores.get(1)).toList()));
    }

    /** What the loss left at the cells of a grid // [n] */
    private Optional<NDArray> gradient(NDArray grid, NDArray cells) {
      return grid.hasGradient()
          ? Gradients.of(grid, scope).map(gradient -> TrainingOps.values(scope, gradient, cells))
          : Optional.empty();
    }

    private void backward(Optional<NDArray> ofLogProbs, Optional<NDArray> ofEntropies) {
      int first = targets.start(firstRow);
      for (Chunk chunk : chunks) {
        int from = chunk.from - first;
        int size = chunk.to - chunk.from;
        if (chunk.isReleased()) {
          chunk.forward();
        }
        chunk.backward(
            ofLogProbs.map(all -> TrainingOps.rows(scope, all, from, size)),
            ofEntropies.map(all -> TrainingOps.rows(scope, all, from, size)));
        chunk.release();
        gradients.add(chunk.gradient());
      }
    }
  }

  /** Tokens whose logits exist together. */
  private final class Chunk {
    private final int from;
    private final int to;
    private final NDArray hidden;
    private final NDManager scope;
    private final TrainingOps.Tokens tokens;
    private NDList scores = new NDList();
    private Optional<NDArray> logits = Optional.empty();

    Chunk(int from, int to, NDArray all, NDManager scope) {
      this.from = from;
      this.to = to;
      this.scope = scope;
      hidden = TrainingOps.rows(scope, all, from, to - from);
      hidden.setRequiresGradient(Gradients.isRecorded(all));
      NDManager cpu = scope.newSubManager(Device.cpu());
      tokens =
          new TrainingOps.Tokens(
              scope.create(targets.tokens(from, to)),
              cpu.create(pass.temperature()),
              cpu.create((long) piece));
    }

    /** Each time with the same dropout. */
    void forward() {
      seeds.use(seed, from);
      NDArray made = TrainingOps.logits(scope, weights, hidden);
      logits = Optional.of(made);
      scores = TrainingOps.scores(scope, made, tokens);
    }

    boolean isReleased() {
      return logits.isEmpty();
    }

    void release() {
      logits.ifPresent(NDArray::close);
      logits = Optional.empty();
    }

    void backward(Optional<NDArray> ofLogProbs, Optional<NDArray> ofEntropies) {
      NDArray made = logits.orElseThrow();
      NDArray zeros = scores.get(0).zerosLike();
      NDArray gradient =
          TrainingOps.logitsGradient(
              scope,
              made,
              tokens,
              ofLogProbs.orElse(zeros),
              scores.get(1),
              ofEntropies.orElseGet(() -> scope.create(new float[0])));
      if (Gradients.isRecorded(made)) {
        Gradients.backward(made, gradient);
      }
      if (weights.arrays().get(HEAD).hasGradient()) {
        TrainingOps.addHeadGradient(scope, weights, gradient, hidden);
      }
    }

    NDArray gradient() {
      return hidden.hasGradient() ? Gradients.of(hidden, scope).orElseThrow() : hidden.zerosLike();
    }
  }
}
