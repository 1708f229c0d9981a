package dev.sampo.actors.audit;

import dev.sampo.actors.journal.LedgerEntry;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LogPlace;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/** Events in words, one line each. */
public final class LedgerText {
  private LedgerText() {}

  /** Number, time and event. */
  public static String of(LedgerEntry entry) {
    return "%d  %s  %s".formatted(entry.number(), time(entry.writtenAt()), of(entry.event()));
  }

  /** To the second, in UTC. */
  public static String time(Optional<Instant> at) {
    return at.map(time -> time.truncatedTo(ChronoUnit.SECONDS).toString()).orElse("time not kept");
  }

  /** What happened. */
  public static String of(LedgerEvent event) {
    return switch (event) {
      case LedgerEvent.RunOpened(String runId, long seed, String settings) ->
          "run %s opened, seed %d, settings %s".formatted(runId, seed, settings);
      case LedgerEvent.TermOpened opened -> of(opened);
      case LedgerEvent.GroupOpened(var group, String source) ->
          "group %d opened: %s".formatted(group.value(), source);
      case LedgerEvent.GroupAccepted accepted -> of(accepted);
      case LedgerEvent.GroupReturned(var group, String reason) ->
          "group %d returned: %s".formatted(group.value(), reason);
      case LedgerEvent.GroupFiltered(var group, String reason) ->
          "group %d filtered: %s".formatted(group.value(), reason);
      case LedgerEvent.GroupSetAside(var group, String reason) ->
          "group %d set aside: %s".formatted(group.value(), reason);
      case LedgerEvent.StepTaken(StepCommitted step, String _) ->
          "step %d taken with groups %s, weights %s"
              .formatted(
                  step.version().step(),
                  step.groups().stream().map(group -> Long.toString(group.value())).toList(),
                  step.version().weightsHash());
      case LedgerEvent.StepSkipped(long step, String reason) ->
          "step %d left out: %s".formatted(step, reason);
      case LedgerEvent.VersionPublished(PolicyVersion version) ->
          "version of step %d published".formatted(version.step());
    };
  }

  private static String of(LedgerEvent.TermOpened opened) {
    String begin =
        "term %d opened at step %d, weights %s"
            .formatted(opened.term(), opened.from().step(), opened.from().weightsHash());
    return opened.abandonedSteps().isEmpty()
        ? begin
        : begin + "; " + steps(opened.abandonedSteps()) + " abandoned";
  }

  /** Consecutive steps. */
  public static String steps(List<Long> steps) {
    return steps.size() == 1
        ? "step " + steps.getFirst()
        : "steps %d to %d".formatted(steps.getFirst(), steps.getLast());
  }

  private static String of(LedgerEvent.GroupAccepted accepted) {
    LeaseId lease = accepted.lease();
    return "group %d accepted: attempt %d of term %d, sampled at %s, %s"
        .formatted(
            lease.group().value(),
            lease.attempt(),
            lease.term(),
            accepted.oldestStep() == accepted.newestStep()
                ? "step " + accepted.oldestStep()
                : "steps %d to %d".formatted(accepted.oldestStep(), accepted.newestStep()),
            accepted.place().map(LedgerText::of).orElse("not recorded"));
  }

  /** As the name of the file has it, which counts from 1. */
  private static String of(LogPlace place) {
    return "in segment %d at byte %d".formatted(place.segment() + 1, place.offset());
  }
}
