package dev.sampo.vlm.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.ops.ArrayOps;
import dev.sampo.vlm.ops.DecoderOps;
import dev.sampo.vlm.ops.NetworkWeights;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Keys and values per layer: one block per slot for the prompt, one per row for what was decoded.
 * The caches are allocated once and written in place.
 */
final class DecoderCache implements GenerationCache {
  private final DecoderSettings settings;
  private final NetworkWeights weights;
  private final PromptImages images;
  private final Capacity capacity;
  private final NDManager manager;
  private final DecoderOps.Caches caches;

  /** By slot; 0 if it was never filled. */
  private final int[] promptLengths;

  /** By slot. */
  private final int[] nextPositions;

  /** Decoded tokens by row. */
  private final int[] rowLengths;

  DecoderCache(
      DecoderSettings settings,
      NetworkWeights weights,
      PromptImages images,
      Capacity capacity,
      NDManager parent) {
    this.settings = settings;
    this.weights = weights;
    this.images = images;
    this.capacity = capacity;
    manager = parent.newSubManager();
    var prompt =
        new Shape(
            capacity.slots(),
            settings.numKeyValueHeads(),
            capacity.maxPromptTokens(),
            settings.headSize());
    var rows =
        new Shape(
            capacity.slots(),
            (long) capacity.rowsPerSlot() * settings.numKeyValueHeads(),
            capacity.maxCompletionTokens(),
            settings.headSize());
    caches = new DecoderOps.Caches(zeros(prompt), zeros(prompt), zeros(rows), zeros(rows));
    promptLengths = new int[capacity.slots()];
    nextPositions = new int[capacity.slots()];
    rowLengths = new int[capacity.slots() * capacity.rowsPerSlot()];
  }

  private List<NDArray> zeros(Shape shape) {
    NDArray like = weights.arrays().getFirst();
    return Stream.generate(() -> ArrayOps.zeros(manager, shape.getShape(), like))
        .limit(settings.numLayers())
        .toList();
  }

  @Override
  public Capacity capacity() {
    return capacity;
  }

  @Override
  public NDArray prefill(List<EncodedPrompt> prompts, int[] slots, NDManager scope) {
    if (prompts.size() != slots.length || prompts.isEmpty()) {
      throw new IllegalArgumentException(
          "prefill takes one slot per prompt, got %d prompts and %d slots"
              .formatted(prompts.size(), slots.length));
    }
    for (EncodedPrompt prompt : prompts) {
      if (prompt.length() > capacity.maxPromptTokens()) {
        throw new IllegalArgumentException(
            "the cache holds prompts of at most %d tokens, got %d"
                .formatted(capacity.maxPromptTokens(), prompt.length()));
      }
      settings.requirePosition(prompt.nextPosition() - 1);
    }
    var tree =
        new TreeLayout(
            new PrefixTree(
                prompts.stream().map(prompt -> new PrefixTree.Group(prompt, List.of())).toList()));
    try (NDManager inner = scope.newSubManager()) {
      NDArray logits =
          DecoderOps.prefill(
              inner,
              weights,
              tree.arrays(images.encode(prompts, inner), settings, inner),
              caches,
              inner.create(longs(slots)));
      logits.attach(scope);
      for (int i = 0; i < slots.length; i++) {
        open(slots[i], prompts.get(i));
      }
      return logits;
    }
  }

  private void open(int slot, EncodedPrompt prompt) {
    promptLengths[slot] = prompt.length();
    nextPositions[slot] = prompt.nextPosition();
    int first = slot * capacity.rowsPerSlot();
    Arrays.fill(rowLengths, first, first + capacity.rowsPerSlot(), 0);
  }

  @Override
  public NDArray decode(int[] rows, int[] tokens, NDManager scope) {
    check(rows, tokens);
    View view = View.of(rows, capacity.rowsPerSlot());
    int n = rows.length;
    var step = new long[4 * n];
    var cells = new long[n];
    int longestRow = 0;
    for (int i = 0; i < n; i++) {
      int row = rows[i];
      int slot = row / capacity.rowsPerSlot();
      int length = rowLengths[row];
      step[i] = tokens[i];
      settings.requirePosition(nextPositions[slot] + length);
      step[n + i] = (long) nextPositions[slot] + length;
      step[2 * n + i] = view.rowInView(i);
      step[3 * n + i] = length;
      cells[i] = (long) row * settings.numKeyValueHeads() * capacity.maxCompletionTokens() + length;
      longestRow = Math.max(longestRow, length + 1);
    }
    // A slot in view that was never filled gets one place, so that its unused rows stay finite.
    long[] lengths = view.slots().mapToLong(slot -> Math.max(1, promptLengths[slot])).toArray();
    try (NDManager inner = scope.newSubManager()) {
      NDArray logits =
          DecoderOps.decode(
              inner,
              weights,
              caches,
              new DecoderOps.Step(
                  inner.create(step, new Shape(4, n)),
                  inner.create(cells),
                  inner.create(lengths),
                  inner.create(view.chosen()),
                  view.first(),
                  lengths.length,
                  capacity.rowsPerSlot(),
                  (int) Arrays.stream(lengths).max().orElse(1),
                  longestRow),
              settings.normEpsilon(),
              settings.ropeTheta());
      logits.attach(scope);
      for (int row : rows) {
        rowLengths[row]++;
      }
      return logits;
    }
  }

  private void check(int[] rows, int[] tokens) {
    if (rows.length != tokens.length || rows.length == 0) {
      throw new IllegalArgumentException(
          "decode takes one token per row, got %d rows and %d tokens"
              .formatted(rows.length, tokens.length));
    }
    int previous = -1;
    for (int row : rows) {
      if (row <= previous || row >= rowLengths.length) {
        throw new IllegalArgumentException(
            "rows must be ascending in [0, %d), got %d after %d"
                .formatted(rowLengths.length, row, previous));
      }
      if (promptLengths[row / capacity.rowsPerSlot()] == 0) {
        throw new IllegalArgumentException("row " + row + " belongs to a slot without a prompt");
      }
      if (rowLengths[row] == capacity.maxCompletionTokens()) {
        throw new IllegalArgumentException(
            "row %d is full: the cache holds %d tokens"
                .formatted(row, capacity.maxCompletionTokens()));
      }
      previous = row;
    }
  }

  @Override
  public void close() {
    manager.close();
  }

  private static long[] longs(int[] values) {
    return Arrays.stream(values).asLongStream().toArray();
  }

  /**
   * The slots that a step works on. If the slots of its rows lie close, the range from the first to
   * the last is used where it is; otherwise their caches are gathered.
   *
   * @param first first slot of the range
   * @param chosen the slots; empty for a range
   * @param count slots of the range
   * @param inView row in view of each row of the step
   */
  @SuppressWarnings("ArrayRecordComponent") // made and read in one step
  private record View(int first, long[] chosen, int count, long[] inView) {
    static View of(int[] rows, int rowsPerSlot) {
      int[] slots = Arrays.stream(rows).map(row -> row / rowsPerSlot).distinct().toArray();
      int first = slots[0];
      int range = slots[slots.length - 1] - first + 1;
      var inView = new long[rows.length];
      if (range <= 2 * slots.length) {
        for (int i = 0; i < rows.length; i++) {
          inView[i] = rows[i] - (long) first * rowsPerSlot;
        }
        return new View(first, new long[0], range, inView);
      }
      for (int i = 0; i < rows.length; i++) {
        int place = Arrays.binarySearch(slots, rows[i] / rowsPerSlot);
        inView[i] = (long) place * rowsPerSlot + rows[i] % rowsPerSlot;
      }
      return new View(0, longs(slots), slots.length, inView);
    }

    long rowInView(int i) {
      return inView[i];
    }

    IntStream slots() {
      return chosen.length == 0
          ? IntStream.range(first, first + count)
          : Arrays.stream(chosen).mapToInt(slot -> (int) slot);
    }
  }
}
