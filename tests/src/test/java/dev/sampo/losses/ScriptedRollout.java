package dev.sampo.losses;

import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.rollout.AnswerTokens;
import dev.sampo.rollout.GenerationEngine;
import dev.sampo.rollout.RolloutSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/** The rollout engine over a script; every completion scores 1. */
final class ScriptedRollout implements AutoCloseable {
  private final GenerationEngine engine;
  private final SamplingSettings sampling;
  private final int groupSize;

  /**
   * Rollout of a script.
   *
   * @param groupSize completions of a group
   * @param groups that decode together
   * @param maxTokens longest completion
   */
  ScriptedRollout(
      ScriptedPolicy policy, Set<Integer> endTokens, int groupSize, int groups, int maxTokens) {
    this.groupSize = groupSize;
    this.sampling = SamplingSettings.atTemperature(1, maxTokens);
    this.engine =
        new GenerationEngine(
            policy,
            new AnswerTokens(endTokens, Arrays::toString),
            new RolloutSettings(groupSize, groups, 1, groups, 1, false),
            maxTokens,
            version(0),
            "cases");
  }

  static PolicyVersion version(long step) {
    return new PolicyVersion("cases", 1, step, "step-" + step);
  }

  /** Asks a prompt, which is the number that the script knows, with the current policy. */
  void ask(GroupId group, Prompt prompt, int number, PolicyVersion current) {
    engine.install(current, weights -> {});
    engine.admit(
        new RolloutLease(
            new LeaseId(1, group, 1),
            prompt,
            groupSize,
            sampling,
            group.value(),
            current.step(),
            Duration.ofMinutes(1)),
        ScriptedPolicy.prompt(number));
  }

  /** Generates what was asked, in the order in which it gets ready. */
  List<ScoredGroup> generate() {
    List<ScoredGroup> groups = new ArrayList<>();
    while (!engine.isIdle()) {
      engine.step().stream().map(ScriptedRollout::scored).forEach(groups::add);
    }
    return groups;
  }

  private static ScoredGroup scored(CompletionGroup group) {
    CompletionScore score =
        new CompletionScore(Map.of("case", new RewardOutcome.Scored(1)), OptionalDouble.of(1));
    return new ScoredGroup(group, group.completions().stream().map(c -> score).toList());
  }

  @Override
  public void close() {
    engine.close();
  }
}
