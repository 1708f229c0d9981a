package dev.sampo.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.Precision;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.ops.SamplingOps;
import dev.sampo.vlm.weights.CheckpointWriter;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What loading a model takes: {@code LoadBenchmark FOLDER} writes a checkpoint of the shape of
 * Qwen2.5-VL-3B in bfloat16 into a new folder, some 7.5 GB, loads it in a process of its own and
 * deletes it.
 */
public final class LoadBenchmark {
  private static final double GIGABYTE = 1e9;

  private LoadBenchmark() {}

  /**
   * Memory and time of one load.
   *
   * @param modelBytes of all weights
   * @param bytesBefore held by the process before, its libraries loaded
   * @param peakBytes most that the process ever held, pages of mapped files included
   */
  record Load(long modelBytes, long bytesBefore, long peakBytes, double seconds) {}

  /** Measures. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path folder = Path.of(arguments[0]);
    Files.createDirectory(folder);
    try {
      SyntheticCheckpoint.write(
          folder, SyntheticCheckpoint.config(), CheckpointWriter.MAX_FILE_BYTES);
      Load load = inOwnProcess(folder);
      System.out.printf(
          Locale.ROOT,
          "model %.3f GB, before %.3f GB, peak %.3f GB: model and %.3f GB; %.1f s%n",
          load.modelBytes / GIGABYTE,
          load.bytesBefore / GIGABYTE,
          load.peakBytes / GIGABYTE,
          (load.peakBytes - load.modelBytes) / GIGABYTE,
          load.seconds);
    } finally {
      delete(folder);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  /** Loads a folder in a fresh JVM, in bfloat16 on the CPU. */
  static Load inOwnProcess(Path folder) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-Dai.djl.offline=true",
                    "-Dai.djl.pytorch.graph_optimizer=false",
                    "-Xmx256m",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Child.class.getName(),
                    folder.toString()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String line = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException("loading " + folder + " failed, see above");
    }
    return new JsonMapper().readValue(line, Load.class);
  }

  /** The process that loads. */
  static final class Child {
    private Child() {}

    /** Prints a {@link Load} as JSON. */
    public static void main(String[] arguments) throws IOException {
      try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
        SamplingOps.sample(
            scope, scope.create(new float[2][2]), 1, 0, 1, scope.create(new double[2]));
      }
      long before = Machine.bytes("VmRSS");
      long start = System.nanoTime();
      ModelOptions options = ModelOptions.onCpu().with(Precision.BFLOAT16);
      try (VisionLanguageModel model = VisionLanguageModels.load(Path.of(arguments[0]), options)) {
        double seconds = (System.nanoTime() - start) / 1e9;
        long bytes =
            model.parameters().values().stream()
                .mapToLong(array -> WeightArrays.view(array).numBytes())
                .sum();
        System.out.println(
            new JsonMapper()
                .writeValueAsString(new Load(bytes, before, Machine.bytes("VmHWM"), seconds)));
      }
    }
  }
}
