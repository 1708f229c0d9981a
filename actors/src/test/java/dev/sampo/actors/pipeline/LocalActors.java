package dev.sampo.actors.pipeline;

import com.typesafe.config.ConfigFactory;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.LogProbs;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StopReason;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;

/**
 * An actor system without a cluster, and the smallest groups; what is beside an actor is probed.
 */
final class LocalActors {
  private LocalActors() {}

  static ActorTestKit kit() {
    return ActorTestKit.create(
        ConfigFactory.parseString("pekko.actor.provider = local")
            .withFallback(ConfigFactory.load()));
  }

  /** Two completions of one token, sampled at step 0. */
  static CompletionGroup group(long id) {
    return group(id, 0);
  }

  private static CompletionGroup group(long id, long step) {
    Completion completion =
        new Completion(
            TokenIds.of(7),
            LogProbs.of(new float[1]),
            List.of(new VersionSpan(0, new PolicyVersion("run", 1, step, "hash"))),
            StopReason.END_OF_TURN,
            "text");
    return new CompletionGroup(
        new LeaseId(1, new GroupId(id), 1),
        new Prompt("train.jsonl:1", "rec", "question", List.of(), "", Map.of()),
        TokenIds.of(1),
        List.of(),
        SamplingSettings.atTemperature(1, 8),
        5,
        List.of(completion, completion),
        "worker");
  }

  static CompletionScore score(double value) {
    return new CompletionScore(
        Map.of("r", new RewardOutcome.Scored(value)), OptionalDouble.of(value));
  }

  static ScoredGroup scored(long id) {
    return scored(id, 0);
  }

  static ScoredGroup scored(long id, long step) {
    return new ScoredGroup(group(id, step), List.of(score(0), score(1)));
  }
}
