package dev.sampo.learner.batch;

import dev.sampo.learner.advantage.CompletionUse;
import dev.sampo.learner.objective.Aggregation;
import dev.sampo.learner.objective.LossScale;
import java.util.ArrayList;
import java.util.List;

/**
 * The groups of one optimizer update.
 *
 * @param members all its groups, those without live tokens included
 * @param microBatches those with live tokens, in order
 */
public record UpdateBatch(List<MicroBatch.Member> members, List<MicroBatch> microBatches) {
  public UpdateBatch {
    members = List.copyOf(members);
    microBatches = List.copyOf(microBatches);
  }

  /**
   * Cuts some groups.
   *
   * @param packing how many consecutive groups with live tokens go into each micro-batch
   */
  static UpdateBatch of(List<MicroBatch.Member> members, List<Integer> packing) {
    List<MicroBatch.Member> live = live(members);
    List<MicroBatch> microBatches = new ArrayList<>();
    int from = 0;
    for (int size : packing) {
      microBatches.add(new MicroBatch(live.subList(from, from + size)));
      from += size;
    }
    return new UpdateBatch(members, microBatches);
  }

  /** How many consecutive groups with live tokens are in each micro-batch. */
  List<Integer> packing() {
    return microBatches.stream().map(microBatch -> microBatch.members().size()).toList();
  }

  static List<MicroBatch.Member> live(List<MicroBatch.Member> members) {
    return members.stream().filter(MicroBatch.Member::isLive).toList();
  }

  /** The denominators of the update: what counts of its completions and tokens. */
  public LossScale scale(Aggregation aggregation) {
    long rows = 0;
    long liveRows = 0;
    long prompts = 0;
    long tokens = 0;
    int longest = 1;
    for (MicroBatch.Member member : members) {
      List<CompletionUse> uses = member.advantages().uses();
      rows += uses.stream().filter(use -> use != CompletionUse.OUT).count();
      liveRows += member.liveCompletions().size();
      prompts += uses.stream().anyMatch(use -> use != CompletionUse.OUT) ? 1 : 0;
      tokens += member.numLiveTokens();
      longest = Math.max(longest, member.group().group().sampling().maxTokens());
    }
    return new LossScale(
        aggregation, rows, liveRows, prompts, tokens, aggregation.length().orElse(longest));
  }
}
