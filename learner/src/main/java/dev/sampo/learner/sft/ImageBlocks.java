package dev.sampo.learner.sft;

import dev.sampo.learner.LearnerException;
import dev.sampo.protocol.ImageRef;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The rows of a phase by image, and which of them a step takes. The choice depends on seed, phase
 * and step alone, so that a resumed run goes on with the rows that would have come.
 */
final class ImageBlocks {
  private final List<int[]> blocks; // rows of each run of rows with the same images
  private final int numBadRows;
  private final long seed;
  private int cachedEpoch = -1;
  private int[] cachedOrder = new int[0];

  private ImageBlocks(List<int[]> blocks, int numBadRows, long seed) {
    this.blocks = blocks;
    this.numBadRows = numBadRows;
    this.seed = seed;
  }

  /**
   * Reads all rows once.
   *
   * @throws LearnerException if no row is usable
   */
  static ImageBlocks scan(SftData data, long seed) {
    List<int[]> blocks = new ArrayList<>();
    IntStream.Builder open = IntStream.builder();
    Optional<List<ImageRef>> images = Optional.empty();
    int bad = 0;
    for (int row = 0; row < data.size(); row++) {
      Optional<SftExample> example = data.example(row);
      if (example.isEmpty()) {
        bad++;
        continue;
      }
      Optional<List<ImageRef>> these = example.map(e -> e.prompt().images());
      if (!these.equals(images)) {
        addBlock(blocks, open);
        open = IntStream.builder();
        images = these;
      }
      open.add(row);
    }
    addBlock(blocks, open);
    if (blocks.isEmpty()) {
      throw new LearnerException("none of the " + data.size() + " rows is usable");
    }
    return new ImageBlocks(blocks, bad, seed);
  }

  private static void addBlock(List<int[]> blocks, IntStream.Builder open) {
    int[] rows = open.build().toArray();
    if (rows.length > 0) {
      blocks.add(rows);
    }
  }

  int numBadRows() {
    return numBadRows;
  }

  /**
   * The rows that a step takes, by image.
   *
   * @param step step within the phase, from 0
   * @param numImages images of a step
   * @param numRows rows of an image, at most
   */
  List<int[]> rowsOf(long step, int numImages, int numRows) {
    List<int[]> chosen = new ArrayList<>();
    for (int i = 0; i < numImages; i++) {
      long visit = step * numImages + i;
      int epoch = Math.toIntExact(visit / blocks.size());
      int[] rows = blocks.get(order(epoch)[(int) (visit % blocks.size())]);
      chosen.add(sample(rows, numRows, visit));
    }
    return chosen;
  }

  private int[] order(int epoch) {
    if (epoch != cachedEpoch) {
      List<Integer> order = new ArrayList<>(IntStream.range(0, blocks.size()).boxed().toList());
      Collections.shuffle(order, random(epoch, 0));
      cachedOrder = order.stream().mapToInt(i -> i).toArray();
      cachedEpoch = epoch;
    }
    return cachedOrder;
  }

  private int[] sample(int[] rows, int count, long visit) {
    if (rows.length <= count) {
      return rows;
    }
    List<Integer> shuffled = new ArrayList<>(Arrays.stream(rows).boxed().toList());
    Collections.shuffle(shuffled, random(visit, 1));
    return shuffled.stream().limit(count).mapToInt(row -> row).toArray();
  }

  private Random random(long index, long purpose) {
    return new Random(
        new SplittableRandom(seed * 31 + purpose).nextLong() ^ (index * 0x9E3779B97F4A7C15L));
  }
}
