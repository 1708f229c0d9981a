package dev.sampo.protocol.wire;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LogPlace;
import java.util.Optional;

/** Entries of a ledger. */
final class LedgerWires {
  private LedgerWires() {}

  static LedgerEventWire toWire(LedgerEvent event) {
    LedgerEventWire.Builder wire = LedgerEventWire.newBuilder();
    switch (event) {
      case LedgerEvent.RunOpened(var runId, var seed, var settings) ->
          wire.getRunOpenedBuilder().setRunId(runId).setSeed(seed).setSettings(settings);
      case LedgerEvent.TermOpened(var term, var from, var abandoned) ->
          wire.getTermOpenedBuilder()
              .setTerm(term)
              .setFrom(VersionWires.toWire(from))
              .addAllAbandonedSteps(abandoned);
      case LedgerEvent.GroupOpened(var group, var source) ->
          wire.getGroupOpenedBuilder().setGroup(group.value()).setSource(source);
      case LedgerEvent.GroupAccepted(var lease, var oldest, var newest, var place) -> {
        var accepted = wire.getGroupAcceptedBuilder();
        accepted.setLease(LeaseWires.toWire(lease)).setOldestStep(oldest).setNewestStep(newest);
        place.ifPresent(
            at -> accepted.getPlaceBuilder().setSegment(at.segment()).setOffset(at.offset()));
      }
      case LedgerEvent.GroupReturned(var group, var reason) ->
          wire.getGroupReturnedBuilder().setGroup(group.value()).setReason(reason);
      case LedgerEvent.GroupFiltered(var group, var reason) ->
          wire.setGroupFiltered(ended(group, reason));
      case LedgerEvent.GroupSetAside(var group, var reason) ->
          wire.setGroupSetAside(ended(group, reason));
      case LedgerEvent.StepTaken(var step, var settings) ->
          wire.getStepTakenBuilder().setStep(LogEntryWires.toWire(step)).setSettings(settings);
      case LedgerEvent.VersionPublished(var version) ->
          wire.setVersionPublished(VersionWires.toWire(version));
    }
    return wire.build();
  }

  private static GroupEndedWire ended(GroupId group, String reason) {
    return GroupEndedWire.newBuilder().setGroup(group.value()).setReason(reason).build();
  }

  static LedgerEvent fromWire(LedgerEventWire wire) {
    return switch (wire.getEventCase()) {
      case RUN_OPENED -> {
        var it = wire.getRunOpened();
        yield new LedgerEvent.RunOpened(it.getRunId(), it.getSeed(), it.getSettings());
      }
      case TERM_OPENED -> fromWire(wire.getTermOpened());
      case GROUP_OPENED -> {
        var it = wire.getGroupOpened();
        yield new LedgerEvent.GroupOpened(new GroupId(it.getGroup()), it.getSource());
      }
      case GROUP_ACCEPTED -> fromWire(wire.getGroupAccepted());
      case GROUP_RETURNED -> {
        var it = wire.getGroupReturned();
        yield new LedgerEvent.GroupReturned(new GroupId(it.getGroup()), it.getReason());
      }
      case GROUP_FILTERED -> {
        var it = wire.getGroupFiltered();
        yield new LedgerEvent.GroupFiltered(new GroupId(it.getGroup()), it.getReason());
      }
      case GROUP_SET_ASIDE -> {
        var it = wire.getGroupSetAside();
        yield new LedgerEvent.GroupSetAside(new GroupId(it.getGroup()), it.getReason());
      }
      case STEP_TAKEN -> {
        var it = wire.getStepTaken();
        Required.part(it.hasStep(), "step");
        yield new LedgerEvent.StepTaken(LogEntryWires.fromWire(it.getStep()), it.getSettings());
      }
      case VERSION_PUBLISHED ->
          new LedgerEvent.VersionPublished(VersionWires.fromWire(wire.getVersionPublished()));
      case EVENT_NOT_SET -> throw new WireFormatException("of a kind that this version lacks");
    };
  }

  private static LedgerEvent fromWire(TermOpenedWire wire) {
    Required.part(wire.hasFrom(), "version of the term");
    return new LedgerEvent.TermOpened(
        wire.getTerm(), VersionWires.fromWire(wire.getFrom()), wire.getAbandonedStepsList());
  }

  private static LedgerEvent fromWire(GroupAcceptedWire wire) {
    Required.part(wire.hasLease(), "lease of the group");
    LogPlaceWire place = wire.getPlace();
    return new LedgerEvent.GroupAccepted(
        LeaseWires.fromWire(wire.getLease()),
        wire.getOldestStep(),
        wire.getNewestStep(),
        wire.hasPlace()
            ? Optional.of(new LogPlace(place.getSegment(), place.getOffset()))
            : Optional.empty());
  }
}
