package dev.sampo.protocol;

import java.util.List;
import java.util.Optional;

/**
 * The announcement of a policy version: which files turn {@code base} into {@code version}. Without
 * a base it is a snapshot, which needs nothing else.
 *
 * @param version the version that results
 * @param base the version it starts from; empty for a snapshot
 * @param shards the files, in order
 */
public record WeightDelta(
    PolicyVersion version, Optional<PolicyVersion> base, List<WeightShard> shards) {
  public WeightDelta {
    shards = List.copyOf(shards);
  }

  public boolean isSnapshot() {
    return base.isEmpty();
  }
}
