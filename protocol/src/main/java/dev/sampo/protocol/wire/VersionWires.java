package dev.sampo.protocol.wire;

import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.protocol.WeightShard;
import java.util.Optional;

/** Policy versions and the files that carry them. */
final class VersionWires {
  private VersionWires() {}

  static PolicyVersionWire toWire(PolicyVersion version) {
    return PolicyVersionWire.newBuilder()
        .setRunId(version.runId())
        .setTerm(version.term())
        .setStep(version.step())
        .setWeightsHash(version.weightsHash())
        .build();
  }

  static PolicyVersion fromWire(PolicyVersionWire wire) {
    return new PolicyVersion(
        wire.getRunId(), wire.getTerm(), wire.getStep(), wire.getWeightsHash());
  }

  static WeightDeltaWire toWire(WeightDelta delta) {
    WeightDeltaWire.Builder wire = WeightDeltaWire.newBuilder().setVersion(toWire(delta.version()));
    delta.base().ifPresent(base -> wire.setBase(toWire(base)));
    delta.shards().forEach(shard -> wire.addShards(toWire(shard)));
    return wire.build();
  }

  static WeightDelta fromWire(WeightDeltaWire wire) {
    Required.part(wire.hasVersion(), "version of the weight delta");
    return new WeightDelta(
        fromWire(wire.getVersion()),
        wire.hasBase() ? Optional.of(fromWire(wire.getBase())) : Optional.empty(),
        wire.getShardsList().stream().map(VersionWires::fromWire).toList());
  }

  private static WeightShardWire toWire(WeightShard shard) {
    return WeightShardWire.newBuilder()
        .setName(shard.name())
        .setSha256(shard.sha256())
        .setNumBytes(shard.numBytes())
        .build();
  }

  private static WeightShard fromWire(WeightShardWire wire) {
    return new WeightShard(wire.getName(), wire.getSha256(), wire.getNumBytes());
  }
}
