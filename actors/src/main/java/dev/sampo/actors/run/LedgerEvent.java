package dev.sampo.actors.run;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;

/** Something that moves a group from one {@link GroupState} to another. */
public sealed interface LedgerEvent {

  GroupId group();

  /** A prompt was read from the data set; its group waits. */
  record Opened(GroupId group) implements LedgerEvent {}

  /** A worker holds a lease. Soft: not worth a write, a lost lease is granted again. */
  record Granted(LeaseId lease) implements LedgerEvent {
    @Override
    public GroupId group() {
      return lease.group();
    }
  }

  /** The lease is over without a result. Soft, as {@link Granted}. */
  record Lost(LeaseId lease, String reason) implements LedgerEvent {
    @Override
    public GroupId group() {
      return lease.group();
    }
  }

  /** The experience buffer took the scored result of an attempt. */
  record Accepted(LeaseId lease, long oldestStep) implements LedgerEvent {
    @Override
    public GroupId group() {
      return lease.group();
    }
  }

  /** An accepted result grew too old before the learner took it; the prompt is asked again. */
  record Returned(GroupId group, String reason) implements LedgerEvent {}

  /** The group reached its last state. */
  record Ended(GroupId group, GroupState.End end) implements LedgerEvent {}
}
