package dev.sampo.bench;

import dev.sampo.vlm.ops.NativeThreads;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures the speed and the memory of the parts of a run on this machine. */
@Command(
    name = "tests/bench/run.sh",
    mixinStandardHelpOptions = true,
    description = "Measures speed and memory of generation, learning and what is between them.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
public final class SpeedBenchmark implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      required = true,
      description = "Model folder; without weights in it, random ones are drawn.")
  private Path model;

  @Option(names = "--json", paramLabel = "FILE", description = "Write every sample here.")
  private @Nullable Path json;

  @Option(
      names = "--repetitions",
      defaultValue = "7",
      description = "Samples of each quantity (default: ${DEFAULT-VALUE}).")
  private int repetitions;

  @Option(
      names = "--warm-up",
      defaultValue = "2",
      description = "Rounds before the first sample (default: ${DEFAULT-VALUE}).")
  private int warmUp;

  @Option(
      names = "--threads",
      defaultValue = "1",
      description = "Native threads (default: ${DEFAULT-VALUE}).")
  private int threads;

  private SpeedBenchmark() {}

  /** See {@code --help}. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new SpeedBenchmark()).execute(arguments));
  }

  @Override
  public Integer call() throws IOException {
    if (repetitions < 1 || warmUp < 0 || threads < 1) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--repetitions and --threads must be >= 1, --warm-up >= 0");
    }
    NativeThreads.use(threads);
    Path folder = Files.createTempDirectory("sampo-bench");
    try (Workload work = Workload.of(model, folder)) {
      Stopwatch watch = new Stopwatch();
      Results results = run(work, folder);
      Stopwatch.Lap whole = watch.lap();
      String name = model.getFileName() + (work.hasWeights() ? "" : ", random weights");
      SortedMap<String, Object> environment = Machine.describe(threads, name);
      environment.put("cores in use on average", whole.cpuSeconds() / whole.seconds());
      report(results, environment);
    } finally {
      delete(folder);
    }
    return CommandLine.ExitCode.OK;
  }

  private Results run(Workload work, Path folder) throws IOException {
    Results results = new Results();
    int vocabulary = work.flops().decoder().vocabularySize();
    repeat(results, Machine::measureProduct);
    for (boolean deterministic : new boolean[] {false, true}) {
      try (RefilledGeneration generation = new RefilledGeneration(work, threads, deterministic)) {
        repeat(results, generation::measure);
      }
    }
    repeat(results, into -> Machine.measureSampling(into, vocabulary));
    results.add("memory: peak of the process, generation alone", "MB", Machine.peakMegabytes());
    try (TrainingLoop loop = new TrainingLoop(work, folder.resolve("weights"), threads)) {
      repeat(results, loop::measure);
    }
    results.add("memory: peak of the process, with the learner", "MB", Machine.peakMegabytes());
    try (SupervisedSteps steps = new SupervisedSteps(work, threads)) {
      repeat(results, steps::measure);
    }
    return results;
  }

  private void repeat(Results results, Consumer<Results> measure) {
    Results thrownAway = new Results();
    for (int i = 0; i < warmUp; i++) {
      measure.accept(thrownAway);
    }
    for (int i = 0; i < repetitions; i++) {
      measure.accept(results);
    }
  }

  private void report(Results results, SortedMap<String, Object> environment) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    environment.forEach((key, value) -> out.println(key + ": " + value));
    out.println();
    out.println(results.table());
    double best = results.median(Machine.PRODUCT);
    for (String part : new String[] {"prefill", "decode", "learner step"}) {
      double rate = results.median("rate: " + part);
      out.printf(
          Locale.ROOT,
          "%s: %.1f of %.1f GFLOP per CPU second, %.0f %% of the matrix product%n",
          part,
          rate,
          best,
          100 * rate / best);
    }
    out.flush();
    Optional<Path> file = Optional.ofNullable(json);
    if (file.isPresent()) {
      results.write(file.get(), environment);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
