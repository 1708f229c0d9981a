package dev.sampo.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.ops.NativeThreads;
import dev.sampo.vlm.ops.SamplingOps;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Sampo's side of the comparison with Transformers: {@code PeerProcess FOLDER THREADS} loads a
 * folder of {@code tests/bench/peer/checkpoint.py} and answers commands, in the words of {@code
 * reference.py} beside it.
 */
public final class PeerProcess {
  private static final JsonMapper JSON = new JsonMapper();

  private PeerProcess() {}

  /** Answers until the standard input ends. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    NativeThreads.use(Integer.parseInt(arguments[1]));
    try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      SamplingOps.sample(
          scope, scope.create(new float[2][2]), 1, 0, 1, scope.create(new double[2]));
    }
    long before = Machine.bytes("VmRSS");
    long start = System.nanoTime();
    try (VisionLanguageModel model = VisionLanguageModels.load(folder, ModelOptions.onCpu())) {
      double seconds = (System.nanoTime() - start) / 1e9;
      long peak = Machine.bytes("VmHWM");
      Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // the peak begins anew
      try (PeerPhases phases = new PeerPhases(folder, model)) {
        answer(
            Map.of("before", before, "peak", peak, "seconds", seconds, "floors", phases.floors()));
        var commands = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
          run(line.split(" "), phases);
        }
      }
    }
  }

  private static void run(String[] command, PeerPhases phases) throws IOException {
    double seconds = 0;
    float[] result = {};
    for (int i = 0; i < Integer.parseInt(command[1]); i++) {
      try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
        Supplier<NDArray> phase = phases.prepare(command[0], scope);
        long start = System.nanoTime();
        NDArray computed = phase.get();
        seconds += (System.nanoTime() - start) / 1e9;
        result = computed.toFloatArray();
      }
    }
    if (command.length > 2) {
      ByteBuffer bytes = ByteBuffer.allocate(4 * result.length).order(ByteOrder.nativeOrder());
      bytes.asFloatBuffer().put(result);
      Files.write(Path.of(command[2]), bytes.array());
    }
    answer(Map.of("seconds", seconds, "peak", Machine.bytes("VmHWM")));
  }

  private static void answer(Map<String, ?> values) throws IOException {
    System.out.println(JSON.writeValueAsString(values));
  }
}
