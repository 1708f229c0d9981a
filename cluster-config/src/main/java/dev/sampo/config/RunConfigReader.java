package dev.sampo.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigResolveOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads a run configuration: {@code reference.conf}, over it the user's file, over that the
 * assignments of the command line. Everything that is wrong is collected and reported at once,
 * before anything heavy is loaded.
 */
public final class RunConfigReader {
  static final String ROOT = "sampo";
  static final String PEKKO = "pekko";
  private static final List<String> SECTIONS = List.of(ROOT, PEKKO);

  private RunConfigReader() {}

  /**
   * Reads and checks a configuration.
   *
   * @param file the user's file; empty for the defaults
   * @param assignments {@code key=value} from the command line, later ones win
   * @return the checked settings
   * @throws InvalidConfigException with one line for every problem
   */
  public static LoadedConfig read(Optional<Path> file, List<String> assignments) {
    return read(file.map(RunConfigReader::parse).orElseGet(ConfigFactory::empty), assignments);
  }

  /**
   * Reads and checks a configuration that lies in no file of its own, as a recording keeps it.
   *
   * @param hocon the configuration
   * @param name what messages call it
   * @param assignments {@code key=value} from the command line, later ones win
   * @throws InvalidConfigException with one line for every problem
   */
  public static LoadedConfig readText(String hocon, String name, List<String> assignments) {
    try {
      return read(
          ConfigFactory.parseString(
              hocon, ConfigParseOptions.defaults().setOriginDescription(name)),
          assignments);
    } catch (ConfigException e) {
      throw invalid(name, e);
    }
  }

  private static LoadedConfig read(Config user, List<String> assignments) {
    List<ConfigProblem> problems = new ArrayList<>();
    Config overrides = Overrides.parse(assignments, problems);
    refuseOtherSections(user, problems);
    Config given = overrides.withFallback(user);
    Config presets = ObjectivePresets.layer(resolve(given.withFallback(reference())));
    Config reference = presets.withFallback(reference());
    Config merged = resolve(given.withFallback(reference));

    Config defaults = resolve(reference);
    Optional<RunConfig> settings = settings(merged, defaults, problems);
    if (settings.isEmpty() || !problems.isEmpty()) {
      throw new InvalidConfigException(problems, rest(merged, defaults, problems));
    }
    return new LoadedConfig(settings.get(), merged);
  }

  private static Optional<RunConfig> settings(
      Config merged, Config defaults, List<ConfigProblem> problems) {
    return new SettingsReader(problems)
        .read(RunConfig.class, ROOT, merged.getObject(ROOT), Optional.of(defaults.getObject(ROOT)));
  }

  /** With the default in place of every value that is wrong, so that others can be looked at. */
  private static Optional<LoadedConfig> rest(
      Config merged, Config defaults, List<ConfigProblem> problems) {
    try {
      Config rest = merged;
      for (ConfigProblem problem : problems) {
        String key = problem.key().replaceFirst("\\[.*", ""); // of a list, the whole
        rest =
            defaults.hasPath(key)
                ? rest.withValue(key, defaults.getValue(key))
                : rest.withoutPath(key);
      }
      Config usable = rest;
      return settings(usable, defaults, new ArrayList<>())
          .map(settings -> new LoadedConfig(settings, usable));
    } catch (ConfigException e) {
      return Optional.empty(); // an unknown key that is no path
    }
  }

  /** The defaults lie beside this class, apart from the {@code reference.conf} of the libraries. */
  private static Config reference() {
    return ConfigFactory.parseResources(RunConfigReader.class, "reference.conf");
  }

  private static Config parse(Path file) {
    if (!Files.isReadable(file) || Files.isDirectory(file)) {
      throw new InvalidConfigException(
          List.of(new ConfigProblem(file.toString(), "configuration", "cannot read the file")));
    }
    try {
      return ConfigFactory.parseFile(
          file.toAbsolutePath().toFile(), // includes are looked for beside it
          ConfigParseOptions.defaults().setAllowMissing(false).setIncluder(new RequiredIncludes()));
    } catch (ConfigException e) {
      throw invalid(file.toString(), e);
    }
  }

  private static Config resolve(Config config) {
    try {
      return config.resolve(ConfigResolveOptions.defaults());
    } catch (ConfigException e) {
      throw invalid("configuration", e);
    }
  }

  private static InvalidConfigException invalid(String file, ConfigException e) {
    String where =
        e.origin() == null || e.origin().filename() == null
            ? file
            : e.origin().filename() + ":" + e.origin().lineNumber();
    String text = String.valueOf(e.getMessage()).lines().findFirst().orElse("not HOCON");
    String message =
        (e.origin() == null ? text : text.replace(e.origin().description() + ": ", ""))
            .replace("java.io.IOException: ", "");
    return new InvalidConfigException(List.of(new ConfigProblem(where, "configuration", message)));
  }

  private static void refuseOtherSections(Config user, List<ConfigProblem> problems) {
    ConfigObject root = user.root();
    for (String key : root.keySet()) {
      if (!SECTIONS.contains(key)) {
        problems.add(
            new ConfigProblem(
                Values.where(root.get(key)),
                key,
                "unknown section" + Names.suggestion(key, SECTIONS)));
      }
    }
  }
}
