package dev.sampo.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigOriginFactory;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.util.List;
import java.util.Map;

/** Values given on the command line as {@code key=value}; later ones win. */
final class Overrides {
  private static final String OPTION = "--set ";

  private Overrides() {}

  /**
   * One layer of configuration from the options.
   *
   * @param assignments {@code key=value}, the key below {@code sampo}; a leading {@code sampo.} is
   *     allowed because messages print it
   * @param problems takes what is wrong with an assignment
   */
  static Config parse(List<String> assignments, List<ConfigProblem> problems) {
    Config layer = ConfigFactory.empty();
    for (String assignment : assignments) {
      int equals = assignment.indexOf('=');
      String key = equals < 0 ? assignment : assignment.substring(0, equals).strip();
      if (equals < 1 || !isPath(key)) {
        problems.add(
            new ConfigProblem(
                OPTION + assignment,
                key,
                "needs the form key=value, like learner.learning-rate=1e-4"));
        continue;
      }
      String path =
          key.startsWith(RunConfigReader.ROOT + ".") ? key : RunConfigReader.ROOT + "." + key;
      layer =
          nested(path, value(assignment.substring(equals + 1)), OPTION + assignment)
              .withFallback(layer);
    }
    return layer;
  }

  /** The value at a path, where every section on the way names the option as its origin. */
  private static Config nested(String path, ConfigValue value, String origin) {
    ConfigValue inner = saidBy(ConfigOriginFactory.newSimple(origin), value);
    List<String> keys = ConfigUtil.splitPath(path);
    for (String key : keys.reversed()) {
      inner = ConfigValueFactory.fromMap(Map.of(key, inner), origin);
    }
    return ((ConfigObject) inner).toConfig();
  }

  /** A value whose parts, too, name an origin. */
  private static ConfigValue saidBy(ConfigOrigin origin, ConfigValue value) {
    ConfigValue whole =
        switch (value) {
          case ConfigList list ->
              ConfigValueFactory.fromIterable(
                  list.stream().map(item -> saidBy(origin, item)).toList());
          case ConfigObject object -> {
            ConfigObject section = object;
            for (Map.Entry<String, ConfigValue> entry : object.entrySet()) {
              section = section.withValue(entry.getKey(), saidBy(origin, entry.getValue()));
            }
            yield section;
          }
          default -> value;
        };
    return whole.withOrigin(origin);
  }

  private static boolean isPath(String key) {
    try {
      return !ConfigUtil.splitPath(key).isEmpty();
    } catch (ConfigException e) {
      return false;
    }
  }

  /** A HOCON value; what does not parse as one is a text, so that paths need no quotes. */
  private static ConfigValue value(String text) {
    try {
      ConfigObject parsed = ConfigFactory.parseString("v=" + text).root();
      ConfigValue only = parsed.get("v"); // not getValue, which refuses null
      if (parsed.size() == 1 && only != null) {
        return only;
      }
    } catch (ConfigException e) {
      // Not HOCON: for example a path with a colon.
    }
    return ConfigValueFactory.fromAnyRef(text);
  }
}
