package dev.sampo.protocol.wire;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.StepCommitted;
import java.util.OptionalDouble;

/** Entries of a recording. */
final class LogEntryWires {
  private LogEntryWires() {}

  static LogEntryWire toWire(LogEntry entry) {
    LogEntryWire.Builder wire = LogEntryWire.newBuilder();
    switch (entry) {
      case LogEntry.GroupRecorded(var group) -> wire.setGroup(GroupWires.toWire(group));
      case LogEntry.StepRecorded(var step, var loss) -> {
        wire.setStep(toWire(step));
        loss.ifPresent(wire::setLoss);
      }
    }
    return wire.build();
  }

  static LogEntry fromWire(LogEntryWire wire) {
    return switch (wire.getEntryCase()) {
      case GROUP -> new LogEntry.GroupRecorded(GroupWires.fromWire(wire.getGroup()));
      case STEP ->
          new LogEntry.StepRecorded(
              fromWire(wire.getStep()),
              wire.hasLoss() ? OptionalDouble.of(wire.getLoss()) : OptionalDouble.empty());
      case ENTRY_NOT_SET -> throw new WireFormatException("of a kind that this version lacks");
    };
  }

  static StepCommittedWire toWire(StepCommitted step) {
    return StepCommittedWire.newBuilder()
        .setVersion(VersionWires.toWire(step.version()))
        .addAllGroups(step.groups().stream().map(GroupId::value).toList())
        .addAllMicroBatches(step.microBatches())
        .setLearningRate(step.learningRate())
        .build();
  }

  static StepCommitted fromWire(StepCommittedWire wire) {
    Required.part(wire.hasVersion(), "version of the step");
    return new StepCommitted(
        VersionWires.fromWire(wire.getVersion()),
        wire.getGroupsList().stream().map(GroupId::new).toList(),
        wire.getMicroBatchesList(),
        wire.getLearningRate());
  }
}
