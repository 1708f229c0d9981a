package dev.sampo.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A configuration that was read: the checked settings, and where each value came from.
 *
 * @param settings the settings
 * @param source the merged values with their origins, defaults included
 */
public record LoadedConfig(RunConfig settings, Config source) {

  /** The {@code pekko} section of the user's file, for the actor system; often empty. */
  public Config pekko() {
    return source.hasPath(RunConfigReader.PEKKO)
        ? source.getConfig(RunConfigReader.PEKKO).atPath(RunConfigReader.PEKKO)
        : ConfigFactory.empty();
  }

  /** The settings as a configuration file that reads back to the same settings, anywhere. */
  public String render() {
    return SettingsWriter.toConfig(RunConfigReader.ROOT, settings)
        .withFallback(pekko())
        .root()
        .render(ConfigRenderOptions.defaults().setOriginComments(false).setJson(false));
  }

  /**
   * Checks that the files this node reads are there.
   *
   * @throws InvalidConfigException naming every file that is missing
   */
  public void requireFiles() {
    List<ConfigProblem> missing = missingFiles();
    if (!missing.isEmpty()) {
      throw new InvalidConfigException(missing);
    }
  }

  /** The files and folders that this node reads and that are not there. */
  public List<ConfigProblem> missingFiles() {
    List<ConfigProblem> problems = new ArrayList<>();
    NodeSettings node = settings.node();
    if (node.has(NodeRole.LEARNER) || node.has(NodeRole.ROLLOUT)) {
      requireFolder("model.path", settings.model().path(), problems);
      if (Files.isDirectory(settings.model().path())) {
        requireFile("model.path", settings.model().path().resolve("config.json"), problems);
      }
    }
    if (node.has(NodeRole.LEARNER)) {
      settings
          .ledger()
          .passwordFile()
          .ifPresent(file -> requireFile("ledger.password-file", file, problems));
      requireFile("data.train", settings.data().train(), problems);
      requireFolder("data.image-folder", settings.data().imageFolder(), problems);
      settings
          .evaluation()
          .splits()
          .forEach((name, file) -> requireFile("evaluation.splits." + name, file, problems));
      if (!settings.evaluation().splits().isEmpty()) {
        requireFolder("evaluation.image-folder", settings.evaluation().imageFolder(), problems);
      }
    }
    return problems;
  }

  private void requireFile(String key, Path file, List<ConfigProblem> problems) {
    if (!Files.isReadable(file) || Files.isDirectory(file)) {
      problems.add(problem(key, "cannot read the file " + file));
    }
  }

  private void requireFolder(String key, Path folder, List<ConfigProblem> problems) {
    if (!Files.isDirectory(folder)) {
      problems.add(problem(key, "there is no folder " + folder));
    }
  }

  /** The file that says a value; empty for a default and for one of the command line. */
  public Optional<Path> fileOf(String key) {
    return Optional.ofNullable(
            source.getValue(RunConfigReader.ROOT + "." + key).origin().filename())
        .map(Path::of);
  }

  /**
   * Something that is wrong with a value.
   *
   * @param key full key without {@code sampo.}
   * @param message what is wrong and what is allowed
   */
  public ConfigProblem problem(String key, String message) {
    String path = RunConfigReader.ROOT + "." + key;
    ConfigValue value = source.getValue(path);
    return new ConfigProblem(Values.where(value), path, message);
  }
}
