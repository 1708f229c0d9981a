package dev.sampo.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.sampo.vlm.ops.NativeBuild;
import dev.sampo.vlm.ops.SamplingOps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What the machine is, and what it can do at best. */
final class Machine {
  /** Name of the rate of a large matrix product, the best that a core can do. */
  static final String PRODUCT = "machine: float32 matrix product, 1024 x 1024";

  private static final int SIDE = 1024;
  private static final int PRODUCTS = 20;
  private static final int DRAWS = 50;

  private Machine() {}

  /** What the numbers depend on beside the code. */
  static SortedMap<String, Object> describe(int threads, String model) {
    return new TreeMap<>(
        Map.of(
            "cpu", cpu(),
            "cores", Runtime.getRuntime().availableProcessors(),
            "threads", threads,
            "libtorch", NativeBuild.torchVersion(),
            "instructions", NativeBuild.cpuCapability(),
            "java", Runtime.version().toString(),
            "model", model));
  }

  private static String cpu() {
    return line(Path.of("/proc/cpuinfo"), "model name")
        .orElse(System.getProperty("os.arch", "unknown"));
  }

  /** The most memory that this process has held, native memory included; 0 where unknown. */
  static double peakMegabytes() {
    return bytes("VmHWM") / 1e6;
  }

  /** A number of {@code /proc/self/status} that is given in kB; 0 where unknown. */
  static long bytes(String key) {
    return line(Path.of("/proc/self/status"), key)
        .map(value -> Long.parseLong(value.replace("kB", "").strip()) * 1024)
        .orElse(0L);
  }

  private static Optional<String> line(Path file, String key) {
    if (!Files.isReadable(file)) {
      return Optional.empty();
    }
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .filter(line -> line.startsWith(key))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Rate of a large float32 matrix product: no model on this machine is faster. */
  static void measureProduct(Results results) {
    try (NDManager scope = NDManager.newBaseManager()) {
      NDArray a = scope.randomUniform(0, 1, new Shape(SIDE, SIDE), DataType.FLOAT32);
      NDArray b = scope.randomUniform(0, 1, new Shape(SIDE, SIDE), DataType.FLOAT32);
      Stopwatch watch = new Stopwatch();
      for (int i = 0; i < PRODUCTS; i++) {
        a.matMul(b).close();
      }
      double flops = 2.0 * SIDE * SIDE * SIDE * PRODUCTS;
      results.add(PRODUCT, "GFLOP/CPU s", flops / 1e9 / watch.lap().cpuSeconds());
    }
  }

  /** Draws one token for each row of a full batch. */
  static void measureSampling(Results results, int vocabulary) {
    int rows = Workload.GROUPS * Workload.GROUP_SIZE;
    double[] uniforms = IntStream.range(0, rows).mapToDouble(i -> (i + 0.5) / rows).toArray();
    try (NDManager scope = NDManager.newBaseManager()) {
      NDArray logits = scope.randomNormal(new Shape(rows, vocabulary));
      NDArray draws = scope.create(uniforms);
      Stopwatch watch = new Stopwatch();
      for (int i = 0; i < DRAWS; i++) {
        try (NDManager inner = scope.newSubManager()) {
          SamplingOps.sample(inner, logits, 1, 0, 1, draws).tokens().toLongArray();
        }
      }
      results.add("sampling alone, 256 rows", "tokens/s", rows * DRAWS / watch.lap().seconds());
    }
  }
}
