package dev.sampo.actors.run;

import dev.sampo.protocol.ScoredGroup;
import java.util.Optional;
import java.util.function.Function;

/**
 * Whether groups that the learner would learn nothing from give their place to others.
 *
 * @param maxExtra most groups that are replaced for one step; the learner gets what is useless
 *     beyond that
 * @param whyUseless the reason why a group is replaced, a function of the group alone; empty to
 *     keep it
 */
public record Replacement(int maxExtra, Function<ScoredGroup, Optional<String>> whyUseless) {
  /** Every group keeps its place. */
  public static final Replacement NONE = new Replacement(0, group -> Optional.empty());
}
