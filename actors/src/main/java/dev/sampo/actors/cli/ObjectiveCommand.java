package dev.sampo.actors.cli;

import dev.sampo.config.LoadedConfig;
import dev.sampo.learner.objective.ObjectivePreset;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sampo objective [NAME|CONF]}. */
@Command(
    name = "objective",
    description = "Print the exact formula of an objective, with its constants.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class ObjectiveCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "NAME|CONF",
      description = "A preset or a run configuration; all presets if left out.")
  private Optional<String> source = Optional.empty();

  @Mixin private ConfigArguments arguments;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    if (source.isPresent()) {
      out.println(formula(source.get()));
      return CommandLine.ExitCode.OK;
    }
    String separator = "";
    for (ObjectivePreset preset : ObjectivePreset.values()) {
      out.print(separator);
      out.println(preset.key());
      out.println(formula(preset.key()).indent(2).stripTrailing());
      separator = System.lineSeparator();
    }
    return CommandLine.ExitCode.OK;
  }

  private String formula(String name) {
    LoadedConfig loaded =
        isPreset(name)
            ? arguments.read(Optional.empty(), "learner.objective.preset=" + name)
            : arguments.read(Optional.of(file(name)));
    return loaded.settings().learner().objective().formula();
  }

  private static boolean isPreset(String name) {
    return Arrays.stream(ObjectivePreset.values()).anyMatch(preset -> preset.key().equals(name));
  }

  private static Path file(String name) {
    Path file = Path.of(name);
    if (!Files.isRegularFile(file)) {
      throw new CommandFailedException(
          "%s is neither a file nor a preset (%s)"
              .formatted(
                  name,
                  Arrays.stream(ObjectivePreset.values())
                      .map(ObjectivePreset::key)
                      .collect(Collectors.joining(", "))));
    }
    return file;
  }
}
