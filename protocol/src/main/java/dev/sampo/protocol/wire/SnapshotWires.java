package dev.sampo.protocol.wire;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import dev.sampo.protocol.ledger.LedgerSnapshot.Group;
import java.util.Optional;

/** Snapshots of a ledger. */
final class SnapshotWires {
  private SnapshotWires() {}

  static LedgerSnapshotWire toWire(LedgerSnapshot snapshot) {
    LedgerSnapshotWire.Builder wire =
        LedgerSnapshotWire.newBuilder()
            .setFormat(LedgerSnapshot.FORMAT)
            .setRun(LedgerWires.toWire(snapshot.run()))
            .setNumGroups(snapshot.numGroups())
            .setNumReplaced(snapshot.numReplaced())
            .setNumSkipped(snapshot.numSkipped())
            .setLastSegment(snapshot.lastSegment())
            .setTrained(snapshot.settled().trained())
            .setFiltered(snapshot.settled().filtered())
            .setSetAside(snapshot.settled().setAside());
    snapshot.terms().forEach(term -> wire.addTerms(LedgerWires.toWire(term)));
    snapshot.versions().forEach(version -> wire.addVersions(VersionWires.toWire(version)));
    snapshot.published().ifPresent(version -> wire.setPublished(VersionWires.toWire(version)));
    snapshot.groups().forEach(group -> wire.addGroups(toWire(group)));
    return wire.build();
  }

  private static SnapshotGroupWire toWire(Group group) {
    SnapshotGroupWire.Builder wire = SnapshotGroupWire.newBuilder().setGroup(group.id().value());
    switch (group) {
      case Group.Waiting(GroupId _, var source) -> source.ifPresent(wire::setSource);
      case Group.Accepted(var result, var source) -> {
        wire.setAccepted(LedgerWires.toWire(result));
        source.ifPresent(wire::setSource);
      }
      case Group.Trained(GroupId _, long step) -> wire.setTrainedAt(step);
    }
    return wire.build();
  }

  static LedgerSnapshot fromWire(LedgerSnapshotWire wire) {
    if (wire.getFormat() != LedgerSnapshot.FORMAT) {
      throw new WireFormatException(
          "of format %d, this program reads format %d"
              .formatted(wire.getFormat(), LedgerSnapshot.FORMAT));
    }
    Required.part(wire.hasRun(), "run of the snapshot");
    return new LedgerSnapshot(
        LedgerWires.fromWire(wire.getRun()),
        wire.getTermsList().stream().map(LedgerWires::fromWire).toList(),
        wire.getVersionsList().stream().map(VersionWires::fromWire).toList(),
        wire.hasPublished()
            ? Optional.of(VersionWires.fromWire(wire.getPublished()))
            : Optional.empty(),
        wire.getNumGroups(),
        new LedgerSnapshot.Settled(wire.getTrained(), wire.getFiltered(), wire.getSetAside()),
        wire.getNumReplaced(),
        wire.getNumSkipped(),
        wire.getLastSegment(),
        wire.getGroupsList().stream().map(SnapshotWires::fromWire).toList());
  }

  private static Group fromWire(SnapshotGroupWire wire) {
    Optional<String> source = Optional.of(wire.getSource()).filter(text -> !text.isEmpty());
    return switch (wire.getStateCase()) {
      case ACCEPTED -> new Group.Accepted(LedgerWires.fromWire(wire.getAccepted()), source);
      case TRAINED_AT -> new Group.Trained(new GroupId(wire.getGroup()), wire.getTrainedAt());
      case STATE_NOT_SET -> new Group.Waiting(new GroupId(wire.getGroup()), source);
    };
  }
}
