package dev.sampo.fault;

import dev.sampo.actors.cli.SampoMain;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** {@code sampo} in a JVM of its own, which can be killed as {@code kill -9} does. */
final class SampoProcess {
  /** As far below this machine as the libraries let themselves be set. */
  static final Map<String, String> OLD_PROCESSOR =
      Map.of(
          "ATEN_CPU_CAPABILITY", "default",
          "MKL_ENABLE_INSTRUCTIONS", "SSE4_2",
          "ONEDNN_MAX_CPU_ISA", "SSE41");

  private static final long PATIENCE_SECONDS = 120;
  private static final List<Moment> MOMENTS = List.of(Moment.values());

  private final Process process;
  private final Path run;
  private final Path said;
  private final Set<String> leftBehind; // unfinished checkpoints of an earlier process

  /**
   * Starts a command.
   *
   * @param run folder that the command works in
   * @param said file for what it says
   */
  SampoProcess(Path run, Path said, List<String> arguments) throws IOException {
    this(run, said, arguments, Map.of());
  }

  /** As the other, with variables beside those of this process. */
  SampoProcess(Path run, Path said, List<String> arguments, Map<String, String> environment)
      throws IOException {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag -> flag.startsWith("--") || flag.startsWith("-D"))
        .forEach(line::add);
    Collections.addAll(line, "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");
    Collections.addAll(line, "-cp", System.getProperty("java.class.path"));
    line.add(SampoMain.class.getName());
    line.addAll(arguments);
    this.run = run;
    this.said = said;
    this.leftBehind = unfinishedCheckpoints();
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(said.toFile()));
    builder.environment().putAll(environment);
    this.process = builder.start();
  }

  /** Lets it finish well and returns what it said. */
  String await() throws IOException, InterruptedException {
    return await(0);
  }

  /** Lets it finish, or say that an earlier one was killed after the work was done. */
  void awaitFinishedRun() throws IOException, InterruptedException {
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) || !hasFinished()) {
      await();
    }
  }

  private boolean hasFinished() throws IOException {
    return process.exitValue() == 0 || Files.readString(said).contains(" holds a finished run ");
  }

  /** Lets it finish with an exit code and returns what it said. */
  String await(int code) throws IOException, InterruptedException {
    boolean ended = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
    String text = Files.readString(said);
    if (!ended || process.exitValue() != code) {
      process.destroyForcibly().waitFor();
      throw new AssertionError("it ended with %d:%n%s".formatted(process.exitValue(), text));
    }
    return text;
  }

  /**
   * Kills it at a moment that chance decides: while it starts, some steps later, or while it writes
   * a checkpoint.
   *
   * @return false if it had finished before
   */
  boolean kill(Random random) throws IOException, InterruptedException {
    boolean ended =
        switch (random.nextInt(4)) {
          case 0 -> process.waitFor(random.nextInt(3000), TimeUnit.MILLISECONDS);
          case 1 -> endsBeforeSteps(1 + random.nextInt(4));
          default ->
              endsBeforeCheckpoint(random.nextInt(3))
                  || process.waitFor(random.nextInt(20_000), TimeUnit.MICROSECONDS);
        };
    if (ended && !hasFinished()) {
      throw new AssertionError("it failed by itself:\n" + Files.readString(said));
    }
    process.destroyForcibly().waitFor();
    return !ended;
  }

  /** Waits for some steps more. */
  void awaitSteps(int steps) throws IOException, InterruptedException {
    requireAlive(endsBeforeSteps(steps));
  }

  /** Waits until the log of its run folder has a text. */
  void awaitLog(String text) throws IOException, InterruptedException {
    Path log = run.resolve("run.log");
    boolean ended = false;
    while (!ended && !(Files.exists(log) && Files.readString(log).contains(text))) {
      ended = process.waitFor(5, TimeUnit.MILLISECONDS);
    }
    requireAlive(ended);
  }

  /** Waits until it has said something. */
  void awaitSaid(String text) throws IOException, InterruptedException {
    boolean ended = false;
    while (!ended && !Files.readString(said).contains(text)) {
      ended = process.waitFor(5, TimeUnit.MILLISECONDS);
    }
    requireAlive(ended);
  }

  private void requireAlive(boolean ended) throws IOException {
    if (ended) {
      throw new AssertionError("it ended:\n" + Files.readString(said));
    }
  }

  /**
   * Kills a training at a moment that chance decides: while it starts and goes on, while it
   * generates, or within milliseconds of something that it writes.
   *
   * @return false if it had finished before
   */
  boolean killTraining(Random random) throws IOException, InterruptedException {
    int choice = random.nextInt(2 + MOMENTS.size());
    int changes = 1 + random.nextInt(6);
    int micros = random.nextInt(4_000);
    boolean ended =
        switch (choice) {
          case 0 -> process.waitFor(micros, TimeUnit.MILLISECONDS);
          case 1 -> endsBefore(Moment.REPORTED, changes, 100 * micros);
          default -> endsBefore(MOMENTS.get(choice - 2), changes, micros);
        };
    process.destroyForcibly().waitFor();
    if (ended && !hasFinished()) {
      throw new AssertionError("it failed by itself:\n" + Files.readString(said));
    }
    return !ended;
  }

  /** Kills it now. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Sends it a signal by its name, as a terminal or a service manager does. */
  void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
        .inheritIO()
        .start()
        .waitFor();
  }

  /** Kills it after some steps more. */
  void killAfterSteps(int steps) throws IOException, InterruptedException {
    awaitSteps(steps);
    kill();
  }

  void requireAlive() throws IOException {
    requireAlive(!process.isAlive());
  }

  /** Whether it ends before something has changed that often, and some microseconds after it. */
  boolean endsBefore(Moment moment, int changes, int micros)
      throws IOException, InterruptedException {
    Object before = moment.seen(run);
    for (int seen = 0; seen < changes; ) {
      if (process.waitFor(200, TimeUnit.MICROSECONDS)) {
        return true;
      }
      Object now = moment.seen(run);
      seen += now.equals(before) ? 0 : 1;
      before = now;
    }
    return process.waitFor(micros, TimeUnit.MICROSECONDS);
  }

  private boolean endsBeforeSteps(int steps) throws IOException, InterruptedException {
    long before = -1;
    while (true) {
      if (process.waitFor(1, TimeUnit.MILLISECONDS)) {
        return true;
      }
      long lines = numLines();
      before = before < 0 || lines < before ? lines : before; // a run that goes on cuts the file
      if (lines >= before + steps) {
        return false;
      }
    }
  }

  private long numLines() throws IOException {
    Path metrics = run.resolve("metrics.jsonl");
    if (!Files.exists(metrics)) {
      return 0;
    }
    try (Stream<String> lines = Files.lines(metrics)) {
      return lines.count();
    }
  }

  /** Until it writes a checkpoint, after some others. */
  private boolean endsBeforeCheckpoint(int others) throws IOException, InterruptedException {
    Set<String> seen = new HashSet<>();
    while (!process.waitFor(500, TimeUnit.MICROSECONDS)) {
      seen.addAll(unfinishedCheckpoints());
      seen.removeAll(leftBehind);
      if (seen.size() > others) {
        return false;
      }
    }
    return true;
  }

  /** Names and times of birth. */
  private Set<String> unfinishedCheckpoints() throws IOException {
    Path checkpoints = run.resolve("checkpoints");
    Set<String> found = new HashSet<>();
    if (Files.isDirectory(checkpoints)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(checkpoints, "*.partial")) {
        for (Path entry : entries) {
          found.add(
              entry + " " + Files.readAttributes(entry, BasicFileAttributes.class).creationTime());
        }
      } catch (NoSuchFileException e) {
        return found; // it is finished by now
      }
    }
    return found;
  }
}
