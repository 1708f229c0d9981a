package dev.sampo.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.image.ImageDecoder;
import dev.sampo.vlm.image.ImageProcessor;
import dev.sampo.vlm.image.PatchImageProcessor;
import dev.sampo.vlm.image.PatchSettings;
import dev.sampo.vlm.image.RgbImage;
import dev.sampo.vlm.image.TileImageProcessor;
import dev.sampo.vlm.image.TileSettings;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * CPU milliseconds of decoding and processing picture files, as one JSON object per line for {@code
 * tests/bench/images.py}. Arguments: rounds, the JSON of a Qwen and of an InternVL processor,
 * files.
 */
public final class ImageBenchmark {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final int PATCH = 14;

  private final int rounds;
  private final Path file;

  private ImageBenchmark(int rounds, Path file) {
    this.rounds = rounds;
    this.file = file;
  }

  public static void main(String[] args) throws IOException {
    ImageProcessor patches = new PatchImageProcessor(PatchSettings.of(JSON.readTree(args[1])));
    ImageProcessor tiles =
        new TileImageProcessor(TileSettings.ofTransformers(JSON.readTree(args[2]), PATCH));
    for (int arg = 3; arg < args.length; arg++) {
      new ImageBenchmark(Integer.parseInt(args[0]), Path.of(args[arg])).run(patches, tiles);
    }
  }

  private void run(ImageProcessor patches, ImageProcessor tiles) throws IOException {
    byte[] encoded = Files.readAllBytes(file);
    RgbImage image = ImageDecoder.decode(encoded, file.toString());
    report("decode", () -> ImageDecoder.decode(encoded, file.toString()).rgb().length);
    report("qwen", () -> numValues(patches.process(image)));
    report("internvl", () -> numValues(tiles.process(image)));
  }

  private static int numValues(ImagePatches patches) {
    return patches.values().length;
  }

  /** The fastest round: whatever else the machine does only adds time. */
  private void report(String step, Supplier<Integer> work) {
    long fastest = Long.MAX_VALUE;
    int size = 0;
    for (int round = 0; round < rounds; round++) {
      long start = THREADS.getCurrentThreadCpuTime();
      size = work.get();
      fastest = Math.min(fastest, THREADS.getCurrentThreadCpuTime() - start);
    }
    ObjectNode line = JSON.createObjectNode();
    line.put("file", file.getFileName().toString()).put("step", step);
    System.out.println(line.put("ms", fastest / 1e6).put("size", size));
  }
}
