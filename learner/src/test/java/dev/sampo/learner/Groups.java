package dev.sampo.learner;

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
import dev.sampo.vlm.EncodedPrompt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Scored groups for tests; a prompt's text is its token ids. */
public final class Groups {
  private Groups() {}

  public static PolicyVersion version(long step) {
    return new PolicyVersion("test", 1, step, "hash-" + step);
  }

  public static EncodedPrompt encode(Prompt prompt) {
    int[] ids = Arrays.stream(prompt.text().split(" ")).mapToInt(Integer::parseInt).toArray();
    int[] places = IntStream.range(0, ids.length).toArray();
    return new EncodedPrompt(ids, new int[][] {places, places, places}, ids.length, List.of());
  }

  public static Prompt prompt(int... ids) {
    String text = Arrays.stream(ids).mapToObj(String::valueOf).collect(Collectors.joining(" "));
    return new Prompt("test:1", "test", text, List.of(), "", Map.of());
  }

  /** A group with behaviour log-probs; a NaN reward means that the completion has no score. */
  public static ScoredGroup scored(
      long id, int[] promptIds, List<int[]> tokens, List<float[]> logProbs, double... rewards) {
    return scored(id, promptIds, tokens, logProbs, version(0), rewards);
  }

  public static ScoredGroup scored(
      long id,
      int[] promptIds,
      List<int[]> tokens,
      List<float[]> logProbs,
      PolicyVersion sampledBy,
      double... rewards) {
    return scored(id, prompt(promptIds), promptIds, tokens, logProbs, sampledBy, 1, rewards);
  }

  /** As above, about any prompt. */
  static ScoredGroup scored(
      long id,
      Prompt prompt,
      int[] promptIds,
      List<int[]> tokens,
      List<float[]> logProbs,
      PolicyVersion sampledBy,
      double temperature,
      double... rewards) {
    List<Completion> completions = new ArrayList<>();
    List<CompletionScore> scores = new ArrayList<>();
    for (int i = 0; i < tokens.size(); i++) {
      completions.add(
          new Completion(
              TokenIds.of(tokens.get(i)),
              LogProbs.of(logProbs.get(i)),
              List.of(new VersionSpan(0, sampledBy)),
              StopReason.LENGTH,
              ""));
      scores.add(
          Double.isNaN(rewards[i])
              ? new CompletionScore(
                  Map.of("toy", new RewardOutcome.Failed("test")), OptionalDouble.empty())
              : new CompletionScore(
                  Map.of("toy", new RewardOutcome.Scored(rewards[i])),
                  OptionalDouble.of(rewards[i])));
    }
    CompletionGroup group =
        new CompletionGroup(
            new LeaseId(1, new GroupId(id), 1),
            prompt,
            TokenIds.of(promptIds),
            List.of(),
            SamplingSettings.atTemperature(temperature, 8),
            0,
            completions,
            "test");
    return new ScoredGroup(group, scores);
  }

  /** Three groups of different lengths, off-policy on purpose. */
  public static List<ScoredGroup> ragged() {
    return List.of(
        scored(
            0,
            new int[] {1, 2, 3},
            List.of(new int[] {1, 2, 7}, new int[] {4}),
            List.of(new float[] {-2, -1.9f, -2.5f}, new float[] {-1.5f}),
            1,
            0),
        scored(
            1,
            new int[] {5, 5},
            List.of(new int[] {3, 3}, new int[] {0, 4}, new int[] {2, 1}),
            List.of(new float[] {-2, -2}, new float[] {-1, -3}, new float[] {-2.2f, -1.8f}),
            0.2,
            0.9,
            0.4),
        scored(
            2,
            new int[] {7},
            List.of(new int[] {7, 0, 1, 2}, new int[] {6, 6}),
            List.of(new float[] {-2, -2, -2, -2}, new float[] {-2.1f, -2}),
            0,
            0.5));
  }
}
