package dev.sampo.learner.guard;

import dev.sampo.learner.option.Rules;
import java.util.List;

/**
 * What watches over a run.
 *
 * @param rules rules over the metrics of its steps
 * @param maxSkipped a run in which more steps than this are not finite one after another ends
 * @param keepSetAside how many of the steps that were not finite are stored for inspection
 */
public record GuardSettings(List<GuardRule> rules, int maxSkipped, int keepSetAside) {
  public GuardSettings {
    rules = List.copyOf(rules);
    Rules.require(maxSkipped >= 0, "max-skipped", ">= 0", maxSkipped);
    Rules.require(keepSetAside >= 0, "keep-set-aside", ">= 0", keepSetAside);
  }
}
