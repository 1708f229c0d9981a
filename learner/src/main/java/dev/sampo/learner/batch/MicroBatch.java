package dev.sampo.learner.batch;

import dev.sampo.learner.LearnerException;
import dev.sampo.learner.advantage.CompletionUse;
import dev.sampo.learner.advantage.GroupAdvantages;
import dev.sampo.learner.objective.LossScale;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.PrefixTree;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Groups that pass the network together.
 *
 * @param members the groups with their advantages, in order
 */
public record MicroBatch(List<Member> members) {
  public MicroBatch {
    members = List.copyOf(members);
  }

  /** A group with its advantages. */
  public record Member(ScoredGroup group, GroupAdvantages advantages) {
    /** Live tokens of all completions. */
    long numLiveTokens() {
      return IntStream.range(0, group.scores().size()).mapToLong(this::numLiveTokens).sum();
    }

    /** Live tokens of one completion. */
    int numLiveTokens(int completion) {
      return advantages.uses().get(completion) == CompletionUse.LIVE
          ? group.group().completions().get(completion).tokens().length()
          : 0;
    }
  }

  public List<GroupId> ids() {
    return members.stream().map(member -> member.group().id()).toList();
  }

  /**
   * The groups as a tree.
   *
   * @throws LearnerException if a prompt encodes to other tokens here than where it was generated:
   *     the two have different processors
   */
  public PrefixTree tree(PromptEncoder encoder) {
    return new PrefixTree(
        members.stream().map(member -> branches(member.group().group(), encoder)).toList());
  }

  private static PrefixTree.Group branches(CompletionGroup group, PromptEncoder encoder) {
    EncodedPrompt prompt = encoder.encode(group.prompt());
    if (!TokenIds.of(prompt.tokenIds()).equals(group.promptTokens())) {
      throw new LearnerException(
          "group %d (%s) was generated from %d prompt tokens and encodes to %d or other ones here"
              .formatted(
                  group.lease().group().value(),
                  group.prompt().source(),
                  group.promptTokens().length(),
                  prompt.length()));
    }
    return new PrefixTree.Group(
        prompt, group.completions().stream().map(c -> c.tokens().toArray()).toList());
  }

  /**
   * What the objective needs of every row, right padded.
   *
   * @param current the policy that is being updated
   */
  public Rows rows(LossScale scale, PolicyVersion current) {
    List<Completion> completions =
        members.stream().flatMap(m -> m.group().group().completions().stream()).toList();
    int longest = completions.stream().mapToInt(c -> c.tokens().length()).max().orElseThrow();
    Rows rows = Rows.empty(completions.size(), longest);
    int row = 0;
    for (Member member : members) {
      for (int i = 0; i < member.group().scores().size(); i++, row++) {
        Completion completion = member.group().group().completions().get(i);
        int length = completion.tokens().length();
        int live = member.numLiveTokens(i);
        rows.advantages()[row] = (float) member.advantages().values()[i];
        rows.lengths()[row] = Math.max(live, 1);
        rows.weights()[row] =
            live > 0 ? (float) scale.tokenWeight(live, member.numLiveTokens()) : 0;
        int start = row * longest;
        Arrays.fill(rows.live(), start, start + live, true);
        System.arraycopy(completion.logProbs().toArray(), 0, rows.behaviour(), start, length);
        markSameVersion(completion, current, rows.sameVersion(), start);
      }
    }
    return rows;
  }

  private static void markSameVersion(
      Completion completion, PolicyVersion current, boolean[] sameVersion, int start) {
    List<VersionSpan> spans = completion.versions();
    for (int s = 0; s < spans.size(); s++) {
      int end = s + 1 < spans.size() ? spans.get(s + 1).from() : completion.tokens().length();
      boolean same = spans.get(s).version().equals(current);
      Arrays.fill(sameVersion, start + spans.get(s).from(), start + end, same);
    }
  }

  /**
   * Right padded rows, row-major. {@code R} rows, {@code C} tokens of the longest.
   *
   * @param numRows R
   * @param longest C
   * @param behaviour log-probs reported while sampling // [R, C]
   * @param live true for a token that is trained on // [R, C]
   * @param sameVersion true for a token that the current policy sampled // [R, C]
   * @param advantages // [R]
   * @param lengths live tokens, at least 1 // [R]
   * @param weights token weight of the aggregation // [R]
   */
  @SuppressWarnings("ArrayRecordComponent") // filled once here, then only read
  public record Rows(
      int numRows,
      int longest,
      float[] behaviour,
      boolean[] live,
      boolean[] sameVersion,
      float[] advantages,
      float[] lengths,
      float[] weights) {
    /** Some consecutive rows. */
    public Rows slice(int first, int count) {
      int from = first * longest;
      int to = (first + count) * longest;
      return new Rows(
          count,
          longest,
          Arrays.copyOfRange(behaviour, from, to),
          Arrays.copyOfRange(live, from, to),
          Arrays.copyOfRange(sameVersion, from, to),
          Arrays.copyOfRange(advantages, first, first + count),
          Arrays.copyOfRange(lengths, first, first + count),
          Arrays.copyOfRange(weights, first, first + count));
    }

    static Rows empty(int numRows, int longest) {
      int size = numRows * longest;
      return new Rows(
          numRows,
          longest,
          new float[size],
          new boolean[size],
          new boolean[size],
          new float[numRows],
          new float[numRows],
          new float[numRows]);
    }
  }
}
