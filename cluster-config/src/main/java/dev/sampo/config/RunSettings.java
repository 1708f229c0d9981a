package dev.sampo.config;

import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * What identifies a run and bounds it.
 *
 * @param name name of the run; the first part of its run id
 * @param folder the run folder: everything the run writes
 * @param seed seed of everything random: shuffling, sampling, initial weights
 * @param steps optimizer steps to take
 */
public record RunSettings(String name, Path folder, long seed, long steps) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  public RunSettings {
    Require.that(
        NAME.matcher(name).matches(),
        "name",
        "1 to 64 letters, digits, '.', '_' or '-' and start with a letter or digit",
        "\"" + name + "\"");
    Require.that(steps >= 0, "steps", ">= 0", steps);
  }

  /** The run id, the same for every part of an interrupted run. */
  public String id() {
    return name + "-" + seed;
  }
}
