package dev.sampo.reward.pipeline;

import dev.sampo.reward.FormatReward;
import dev.sampo.reward.RewardException;
import dev.sampo.reward.RewardFunction;
import dev.sampo.reward.rec.IouReward;
import dev.sampo.reward.rec.RecFormatReward;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** The reward functions by name. */
public final class RewardRegistry {
  private final SortedMap<String, RewardFunction> functions;

  /**
   * A registry of these functions.
   *
   * @throws RewardException when two have one name
   */
  public RewardRegistry(Collection<? extends RewardFunction> functions) {
    SortedMap<String, RewardFunction> byName = new TreeMap<>();
    for (RewardFunction function : functions) {
      if (byName.put(function.name(), function) != null) {
        throw new RewardException("two reward functions have the name " + function.name());
      }
    }
    this.functions = Collections.unmodifiableSortedMap(byName);
  }

  /** The functions that come with Sampo. */
  public static RewardRegistry standard() {
    return new RewardRegistry(List.of(new FormatReward(), new IouReward(), new RecFormatReward()));
  }

  /** All names, sorted. */
  public Set<String> names() {
    return functions.keySet();
  }

  /**
   * The function of that name.
   *
   * @throws RewardException when there is none; the message lists the names there are
   */
  public RewardFunction find(String name) {
    RewardFunction function = functions.get(name);
    if (function == null) {
      throw new RewardException(
          "unknown reward function \"%s\"; known are %s"
              .formatted(name, String.join(", ", functions.keySet())));
    }
    return function;
  }
}
