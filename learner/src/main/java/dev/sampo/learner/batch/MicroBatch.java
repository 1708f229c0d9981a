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
import java.util.Collections;
import java.util.List;
import java.util.Optional;
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
    /** Places of the completions that are trained on. */
    public List<Integer> liveCompletions() {
      return IntStream.range(0, advantages.uses().size())
          .filter(i -> advantages.uses().get(i) == CompletionUse.LIVE)
          .boxed()
          .toList();
    }

    /** Whether there is anything to train on. */
    boolean isLive() {
      return !liveCompletions().isEmpty();
    }

    /** Tokens of the completions that are trained on. */
    long numLiveTokens() {
      return liveCompletions().stream().mapToLong(i -> completion(i).tokens().length()).sum();
    }

    /** Tokens in a tree: the prompt once, the completions padded to the longest. */
    long numTreeTokens() {
      List<Integer> live = liveCompletions();
      long longest = live.stream().mapToInt(i -> completion(i).tokens().length()).max().orElse(0);
      return group.group().promptTokens().length() + longest * live.size();
    }

    /** The completion of a place. */
    public Completion completion(int i) {
      return group.group().completions().get(i);
    }
  }

  public List<GroupId> ids() {
    return members.stream().map(member -> member.group().id()).toList();
  }

  /**
   * The groups as a tree, with a row for every completion that is trained on.
   *
   * @throws LearnerException if a prompt encodes to other tokens here than where it was generated:
   *     the two have different processors
   */
  public PrefixTree tree(PromptEncoder encoder) {
    return new PrefixTree(members.stream().map(member -> branches(member, encoder)).toList());
  }

  private static PrefixTree.Group branches(Member member, PromptEncoder encoder) {
    CompletionGroup group = member.group().group();
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
        prompt,
        member.liveCompletions().stream()
            .map(i -> member.completion(i).tokens().toArray())
            .toList());
  }

  /** The group of every row of the tree. */
  public List<GroupId> idsOfRows() {
    return members.stream()
        .flatMap(member ->
            Collections.nCopies(member.liveCompletions().size(), member.group().id()).stream())
        .toList();
  }

  /**
   * What the objective needs of every row of the tree, right padded.
   *
   * @param current the policy that is being updated
   */
  public Rows rows(LossScale scale, PolicyVersion current) {
    int numRows = members.stream().mapToInt(member -> member.liveCompletions().size()).sum();
    int longest =
        members.stream()
            .flatMap(member -> member.liveCompletions().stream().map(member::completion))
            .mapToInt(completion -> completion.tokens().length())
            .max()
            .orElseThrow();
    Rows rows = Rows.empty(numRows, longest);
    int row = 0;
    for (Member member : members) {
      long groupTokens = member.numLiveTokens();
      for (int i : member.liveCompletions()) {
        Completion completion = member.completion(i);
        int length = completion.tokens().length();
        rows.advantages()[row] = (float) member.advantages().values()[i];
        rows.lengths()[row] = length;
        rows.weights()[row] = (float) scale.tokenWeight(length, groupTokens);
        int start = row * longest;
        Arrays.fill(rows.live(), start, start + length, true);
        System.arraycopy(completion.logProbs().toArray(), 0, rows.behaviour(), start, length);
        markSameVersion(completion, current, rows.sameVersion(), start);
        row++;
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
   * @param old log-probs of the policy before the updates of the batch, where they are needed //
   *     [R, C]
   * @param reference log-probs of the reference policy, if there is one // [R, C]
   * @param live true for a token, false for padding // [R, C]
   * @param sameVersion true for a token that the current policy sampled // [R, C]
   * @param advantages // [R]
   * @param lengths tokens // [R]
   * @param weights token weight of the aggregation // [R]
   */
  @SuppressWarnings("ArrayRecordComponent") // filled once here, then only read
  public record Rows(
      int numRows,
      int longest,
      float[] behaviour,
      Optional<float[]> old,
      Optional<float[]> reference,
      boolean[] live,
      boolean[] sameVersion,
      float[] advantages,
      float[] lengths,
      float[] weights) {

    public Rows withOld(float[] scores) {
      return new Rows(
          numRows,
          longest,
          behaviour,
          Optional.of(scores),
          reference,
          live,
          sameVersion,
          advantages,
          lengths,
          weights);
    }

    public Rows withReference(float[] scores) {
      return new Rows(
          numRows,
          longest,
          behaviour,
          old,
          Optional.of(scores),
          live,
          sameVersion,
          advantages,
          lengths,
          weights);
    }

    /** Some consecutive rows. */
    public Rows slice(int first, int count) {
      return cut(first, count, longest);
    }

    /** Some consecutive rows with no more padding than they need. */
    public Rows alone(int first, int count) {
      float width = 1;
      for (int row = first; row < first + count; row++) {
        width = Math.max(width, lengths[row]);
      }
      return cut(first, count, (int) width);
    }

    private Rows cut(int first, int count, int width) {
      return new Rows(
          count,
          width,
          cut(behaviour, first, count, width),
          old.map(scores -> cut(scores, first, count, width)),
          reference.map(scores -> cut(scores, first, count, width)),
          cut(live, first, count, width),
          cut(sameVersion, first, count, width),
          Arrays.copyOfRange(advantages, first, first + count),
          Arrays.copyOfRange(lengths, first, first + count),
          Arrays.copyOfRange(weights, first, first + count));
    }

    private float[] cut(float[] values, int first, int count, int width) {
      float[] result = new float[count * width];
      copy(values, result, first, count, width);
      return result;
    }

    private boolean[] cut(boolean[] values, int first, int count, int width) {
      boolean[] result = new boolean[count * width];
      copy(values, result, first, count, width);
      return result;
    }

    @SuppressWarnings("SuspiciousSystemArraycopy") // both are arrays of one type
    private void copy(Object values, Object result, int first, int count, int width) {
      for (int row = 0; row < count; row++) {
        System.arraycopy(values, (first + row) * longest, result, row * width, width);
      }
    }

    static Rows empty(int numRows, int longest) {
      int size = numRows * longest;
      return new Rows(
          numRows,
          longest,
          new float[size],
          Optional.empty(),
          Optional.empty(),
          new boolean[size],
          new boolean[size],
          new float[numRows],
          new float[numRows],
          new float[numRows]);
    }
  }
}
