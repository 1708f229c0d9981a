package dev.sampo.actors.cli;

import dev.sampo.config.ConfigProblem;
import dev.sampo.config.InvalidConfigException;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.RunConfigReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** {@code --set key=value}, shared by the commands that read a run configuration. */
final class ConfigArguments {
  @Option(
      names = "--set",
      paramLabel = "key=value",
      description =
          "Override one key of the configuration, for example learner.learning-rate=1e-4.")
  private List<String> assignments = new ArrayList<>();

  /** Reads and checks the configuration that a recording keeps. */
  LoadedConfig readRecorded(String hocon, Path recording) {
    return RunConfigReader.readText(hocon, recording.toString(), assignments);
  }

  /**
   * Reads and checks the configuration.
   *
   * @param file the user's file; empty for the defaults
   * @param before assignments that an explicit {@code --set} overrides
   */
  LoadedConfig read(Optional<Path> file, String... before) {
    List<String> all = new ArrayList<>(List.of(before));
    all.addAll(assignments);
    return RunConfigReader.read(file, all);
  }

  /**
   * As {@link #read}, for commands that need the files of the configuration: where settings are
   * refused, files that were given and are missing are named with them.
   */
  LoadedConfig readForUse(Optional<Path> file, String... before) {
    try {
      return read(file, before);
    } catch (InvalidConfigException e) {
      Stream<ConfigProblem> missing =
          e.rest().stream()
              .flatMap(rest -> rest.missingFiles().stream())
              .filter(problem -> !problem.isOfDefault());
      throw new InvalidConfigException(Stream.concat(e.problems().stream(), missing).toList());
    }
  }
}
