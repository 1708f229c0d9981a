package dev.sampo.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.sampo.learner.objective.ObjectivePreset;
import java.util.Arrays;

/** The options that {@code learner.objective.preset} stands for, as defaults of the rest. */
final class ObjectivePresets {
  private static final String SECTION = RunConfigReader.ROOT + ".learner.objective";
  private static final String KEY = SECTION + ".preset";

  private ObjectivePresets() {}

  /**
   * The layer between what the user says and the defaults.
   *
   * @param merged both, resolved
   * @return empty where the name is no preset, which reading it reports
   */
  static Config layer(Config merged) {
    if (!merged.hasPath(KEY)) {
      return ConfigFactory.empty();
    }
    String name = String.valueOf(merged.getValue(KEY).unwrapped());
    return Arrays.stream(ObjectivePreset.values())
        .filter(preset -> preset.key().equals(name))
        .findFirst()
        .map(preset -> SettingsWriter.toConfig(SECTION, preset.settings()))
        .orElseGet(ConfigFactory::empty);
  }
}
