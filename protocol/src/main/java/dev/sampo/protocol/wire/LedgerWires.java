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
      case LedgerEvent.RunOpened opened -> wire.setRunOpened(toWire(opened));
      case LedgerEvent.TermOpened opened -> wire.setTermOpened(toWire(opened));
      case LedgerEvent.GroupOpened(var group, var source) ->
          wire.getGroupOpenedBuilder().setGroup(group.value()).setSource(source);
      case LedgerEvent.GroupAccepted accepted -> wire.setGroupAccepted(toWire(accepted));
      case LedgerEvent.GroupReturned(var group, var reason) ->
          wire.getGroupReturnedBuilder().setGroup(group.value()).setReason(reason);
      case LedgerEvent.GroupFiltered(var group, var reason) ->
          wire.setGroupFiltered(ended(group, reason));
      case LedgerEvent.GroupSetAside(var group, var reason) ->
          wire.setGroupSetAside(ended(group, reason));
      case LedgerEvent.StepTaken(var step, var settings) ->
          wire.getStepTakenBuilder().setStep(LogEntryWires.toWire(step)).setSettings(settings);
      case LedgerEvent.StepSkipped(long step, var reason) ->
          wire.getStepSkippedBuilder().setStep(step).setReason(reason);
      case LedgerEvent.VersionPublished(var version) ->
          wire.setVersionPublished(VersionWires.toWire(version));
    }
    return wire.build();
  }

  static RunOpenedWire toWire(LedgerEvent.RunOpened opened) {
    return RunOpenedWire.newBuilder()
        .setRunId(opened.runId())
        .setSeed(opened.seed())
        .setSettings(opened.settings())
        .build();
  }

  static TermOpenedWire toWire(LedgerEvent.TermOpened opened) {
    return TermOpenedWire.newBuilder()
        .setTerm(opened.term())
        .setFrom(VersionWires.toWire(opened.from()))
        .addAllAbandonedSteps(opened.abandonedSteps())
        .build();
  }

  static GroupAcceptedWire toWire(LedgerEvent.GroupAccepted accepted) {
    GroupAcceptedWire.Builder wire =
        GroupAcceptedWire.newBuilder()
            .setLease(LeaseWires.toWire(accepted.lease()))
            .setOldestStep(accepted.oldestStep())
            .setNewestStep(accepted.newestStep());
    accepted
        .place()
        .ifPresent(at -> wire.getPlaceBuilder().setSegment(at.segment()).setOffset(at.offset()));
    return wire.build();
  }

  private static GroupEndedWire ended(GroupId group, String reason) {
    return GroupEndedWire.newBuilder().setGroup(group.value()).setReason(reason).build();
  }

  static LedgerEvent fromWire(LedgerEventWire wire) {
    return switch (wire.getEventCase()) {
      case RUN_OPENED -> fromWire(wire.getRunOpened());
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
      case STEP_SKIPPED -> {
        var it = wire.getStepSkipped();
        yield new LedgerEvent.StepSkipped(it.getStep(), it.getReason());
      }
      case VERSION_PUBLISHED ->
          new LedgerEvent.VersionPublished(VersionWires.fromWire(wire.getVersionPublished()));
      case EVENT_NOT_SET -> throw new WireFormatException("of a kind that this version lacks");
    };
  }

  static LedgerEvent.RunOpened fromWire(RunOpenedWire wire) {
    return new LedgerEvent.RunOpened(wire.getRunId(), wire.getSeed(), wire.getSettings());
  }

  static LedgerEvent.TermOpened fromWire(TermOpenedWire wire) {
    Required.part(wire.hasFrom(), "version of the term");
    return new LedgerEvent.TermOpened(
        wire.getTerm(), VersionWires.fromWire(wire.getFrom()), wire.getAbandonedStepsList());
  }

  static LedgerEvent.GroupAccepted fromWire(GroupAcceptedWire wire) {
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
