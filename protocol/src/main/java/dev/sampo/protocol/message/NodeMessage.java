package dev.sampo.protocol.message;

import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.WeightDelta;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Everything one node says to another. A field named for a role ({@code worker}, {@code
 * coordinator}, {@code replyTo}) is the serialized reference of the actor to answer.
 */
public sealed interface NodeMessage {

  // ---- rollout worker -> coordinator ----

  /**
   * The worker can take more groups.
   *
   * @param leases how many leases it can take in all beyond those it holds; replaces its earlier
   *     demand
   * @param weights the version that it would begin them with
   */
  record Demand(String worker, int leases, PolicyVersion weights) implements NodeMessage {
    public Demand {
      if (leases < 0) {
        throw new IllegalArgumentException("a demand is at least 0 leases, got " + leases);
      }
    }
  }

  /**
   * The group goes on; renews its lease.
   *
   * @param tokens tokens decoded so far, over all completions
   * @param oldestStep optimizer step of the oldest policy that sampled one of them
   */
  record Progress(String worker, LeaseId lease, long tokens, long oldestStep)
      implements NodeMessage {}

  /**
   * Groups that the worker does not decode, but holds on to: they wait for weights or a slot, or
   * are finished and wait for a reward worker or the buffer. Renews their leases.
   */
  record Holds(String worker, List<LeaseId> leases) implements NodeMessage {
    public Holds {
      leases = List.copyOf(leases);
    }
  }

  /**
   * The worker will not finish this group.
   *
   * @param detail for people; for {@link GiveBackReason#BAD_PROMPT} what is wrong with the row
   */
  record GiveBack(String worker, LeaseId lease, GiveBackReason reason, String detail)
      implements NodeMessage {}

  /** Why a worker gives a lease back, which decides what becomes of the prompt. */
  enum GiveBackReason {
    /** The worker leaves; the prompt goes to another one, and the attempt does not count. */
    LEAVING,
    /** The prompt cannot be asked, for example because an image is missing: set it aside. */
    BAD_PROMPT,
    /** As {@link #LEAVING}, until the worker asks again: it gets no weights or no images. */
    OUT_OF_REACH
  }

  // ---- coordinator -> rollout worker ----

  /**
   * Generate this group and report to {@code coordinator}.
   *
   * @param blobUrl where the images of the prompt are served: {@code GET blobUrl + sha256}
   */
  record Grant(String coordinator, RolloutLease lease, String blobUrl) implements NodeMessage {}

  /** Stop generating this group: its result would be discarded. */
  record Cancel(LeaseId lease, String reason) implements NodeMessage {}

  // ---- rollout worker <-> reward worker ----

  /** Please score. Answered by {@link Scored} or {@link ScoreRefused}. */
  record Score(CompletionGroup group, String replyTo) implements NodeMessage {}

  /**
   * The scores of the group generated under {@code lease}.
   *
   * @param scores one score per completion, in the same order // [G]
   */
  record Scored(LeaseId lease, List<CompletionScore> scores) implements NodeMessage {
    public Scored {
      scores = List.copyOf(scores);
    }
  }

  /** The reward worker did not score the group, for example because it is saturated or leaving. */
  record ScoreRefused(LeaseId lease, String reason) implements NodeMessage {}

  // ---- rollout worker <-> experience buffer ----

  /**
   * A scored group for the learner. Answered by {@link Accepted}, {@link Busy}, {@link Discarded}.
   */
  record Offer(ScoredGroup group, String replyTo) implements NodeMessage {}

  /** The group is recorded and will be trained on unless it grows too old. */
  record Accepted(LeaseId lease) implements NodeMessage {}

  /** The buffer is full: offer again after a while. */
  record Busy(LeaseId lease, Duration retryAfter) implements NodeMessage {}

  /** The group is not wanted: too old, of an older term, or another attempt was first. */
  record Discarded(LeaseId lease, String reason) implements NodeMessage {}

  // ---- weights ----

  /**
   * A policy version exists.
   *
   * @param delta which shard files make it up
   * @param urls base URLs of nodes that serve the shards
   */
  record Announce(WeightDelta delta, List<String> urls) implements NodeMessage {
    public Announce {
      urls = List.copyOf(urls);
    }
  }

  /**
   * The worker cannot follow the deltas (it joined late, missed one, or a checksum failed).
   * Answered by an {@link Announce} of a snapshot, or by {@link WeightsLater}.
   *
   * @param held the version it generates with meanwhile; empty when it has none
   */
  record SnapshotWanted(String worker, Optional<PolicyVersion> held, String reason)
      implements NodeMessage {}

  /**
   * The learner has no weights to give yet, for example because it takes committed steps again.
   * There will be an {@link Announce}; whoever waits should go on waiting.
   */
  record WeightsLater(String reason) implements NodeMessage {}

  // ---- learner -> every other node ----

  /**
   * The run has taken all its steps: no learner follows this one.
   *
   * @param version what the run came to
   */
  record RunFinished(PolicyVersion version) implements NodeMessage {}
}
