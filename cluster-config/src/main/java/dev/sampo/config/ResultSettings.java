package dev.sampo.config;

import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The settings that decide what a training ends in, by their keys: two runs that agree in them and
 * read the same files end in the same weights. Where a run goes, how often it saves and what it
 * measures is not among them.
 */
public final class ResultSettings {
  /** Keys, or the beginnings of keys before a dot or bracket. */
  private static final List<String> SUPERVISED = List.of("run.seed", "model", "data.task", "sft");

  private static final List<String> REPLAYED =
      List.of("run.seed", "run.steps", "model", "reward.functions", "learner");

  private static final List<String> TRAINED =
      List.of(
          "run.seed",
          "run.steps",
          "model",
          "data",
          "sampling",
          "rollout.group-size",
          "rollout.max-prompt-tokens",
          "rollout.deterministic",
          "rollout.threads",
          "reward.functions",
          "learner",
          "staleness.max",
          "recording.only");

  private ResultSettings() {}

  /** Those of {@code sampo train}: what is asked, sampled, rewarded and learned. */
  public static SortedMap<String, String> trained(RunConfig config) {
    return chosen(config, TRAINED);
  }

  /** Those of {@code sampo sft}. */
  public static SortedMap<String, String> supervised(RunConfig config) {
    return chosen(config, SUPERVISED);
  }

  /** Those of {@code sampo replay}. */
  public static SortedMap<String, String> replayed(RunConfig config) {
    return chosen(config, REPLAYED);
  }

  /**
   * What is different between two runs, in lines {@code KEY was A and is B}.
   *
   * @param decisive what makes another run of it
   * @param rounding what changes the order of sums and nothing else
   */
  public record Changes(List<String> decisive, List<String> rounding) {
    private static final int SHOWN = 3;

    public Changes {
      decisive = List.copyOf(decisive);
      rounding = List.copyOf(rounding);
    }

    /** The first decisive ones in one line. */
    public String shown() {
      String first = decisive.stream().limit(SHOWN).collect(Collectors.joining("; "));
      int more = decisive.size() - SHOWN;
      return more > 0 ? first + "; and " + more + " more" : first;
    }
  }

  /** Compares settings of one kind, those before with those now. */
  public static Changes changes(Map<String, String> before, Map<String, String> now) {
    SortedSet<String> keys = new TreeSet<>(before.keySet());
    keys.addAll(now.keySet());
    List<String> decisive = new ArrayList<>();
    List<String> rounding = new ArrayList<>();
    for (String key : keys) {
      String old = before.getOrDefault(key, "not given");
      String present = now.getOrDefault(key, "not given");
      if (!old.equals(present)) {
        (key.endsWith(".threads") ? rounding : decisive)
            .add("%s was %s and is %s".formatted(key, old, present));
      }
    }
    return new Changes(decisive, rounding);
  }

  private static SortedMap<String, String> chosen(RunConfig config, List<String> sections) {
    SortedMap<String, String> all = new TreeMap<>();
    ConfigObject root =
        SettingsWriter.toConfig(RunConfigReader.ROOT, config).getObject(RunConfigReader.ROOT);
    flatten("", root, all);
    all.keySet().removeIf(key -> sections.stream().noneMatch(section -> isWithin(key, section)));
    return all;
  }

  private static boolean isWithin(String key, String section) {
    return key.equals(section) || key.startsWith(section + ".") || key.startsWith(section + "[");
  }

  private static void flatten(String path, ConfigValue value, SortedMap<String, String> into) {
    switch (value) {
      case ConfigObject object ->
          object.forEach(
              (key, item) -> flatten(path.isEmpty() ? key : path + "." + key, item, into));
      case ConfigList list -> {
        for (int i = 0; i < list.size(); i++) {
          flatten(path + "[" + i + "]", list.get(i), into);
        }
      }
      default -> into.put(path, String.valueOf(value.unwrapped()));
    }
  }
}
