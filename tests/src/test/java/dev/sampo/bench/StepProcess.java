package dev.sampo.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.bench.StepPhases.Outcome;
import dev.sampo.config.ModelSource;
import dev.sampo.config.RunConfigReader;
import dev.sampo.learner.LearnerSettings;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.ops.NativeThreads;
import dev.sampo.vlm.ops.SamplingOps;
import dev.sampo.vlm.weights.Parameter.Part;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Sampo's side of the comparison of training steps: {@code StepProcess CONFIG frozen|trained FOLDER
 * THREADS} loads a folder of {@code tests/bench/peer/checkpoint.py} and answers commands, in the
 * words of {@code step_reference.py} beside it: {@code shared} is the learner's step, {@code plain}
 * the same with the prompt repeated.
 */
public final class StepProcess {
  private static final JsonMapper JSON = new JsonMapper();

  /** The default of {@code model.feature-cache}. */
  private static final long FEATURE_BYTES = 512L << 20;

  private StepProcess() {}

  /** Answers until the standard input ends. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[2]);
    LearnerSettings settings =
        RunConfigReader.read(
                Optional.of(Path.of(arguments[0])), List.of("learner.threads=" + arguments[3]))
            .settings()
            .learner();
    NativeThreads.use(settings.threads());
    try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      SamplingOps.sample(
          scope, scope.create(new float[2][2]), 1, 0, 1, scope.create(new double[2]));
    }
    long before = Machine.bytes("VmRSS");
    boolean frozen = arguments[1].equals("frozen");
    Set<Part> fixed = frozen ? ModelSource.Freeze.VISION_TOWER_AND_PROJECTOR.parts() : Set.of();
    ModelOptions options = ModelOptions.onCpu().keepingFeatures(fixed, FEATURE_BYTES);
    try (VisionLanguageModel model = VisionLanguageModels.load(folder, options)) {
      Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // the peak begins anew
      try (StepPhases phases = new StepPhases(folder, model, settings, frozen)) {
        answer(
            Map.of("before", before, "flops", phases.flops(), "tokens", phases.tokens().toArray()));
        var commands = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
          run(line.split(" "), phases);
        }
      }
    }
  }

  private static void run(String[] command, StepPhases phases) throws IOException {
    Map<String, Object> answer = new HashMap<>();
    Stopwatch watch = new Stopwatch();
    for (int i = 0; i < Integer.parseInt(command[1]); i++) {
      switch (command[0]) {
        case "shared" -> put(answer, phases.shared());
        case "plain" -> put(answer, phases.plain());
        case "product" -> phases.product();
        default -> throw new IllegalArgumentException("no phase is called " + command[0]);
      }
    }
    Stopwatch.Lap lap = watch.lap();
    answer.put("seconds", lap.seconds());
    answer.put("cpu", lap.cpuSeconds());
    answer.put("peak", Machine.bytes("VmHWM"));
    answer(answer);
  }

  private static void put(Map<String, Object> answer, Outcome outcome) {
    answer.put("loss", outcome.loss());
    answer.put("norm", outcome.gradientNorm());
  }

  private static void answer(Map<String, ?> values) throws IOException {
    System.out.println(JSON.writeValueAsString(values));
  }
}
