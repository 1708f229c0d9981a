package dev.sampo.actors.cli;

import dev.sampo.actors.audit.Agreement;
import dev.sampo.actors.audit.LedgerReport;
import dev.sampo.actors.audit.LedgerText;
import dev.sampo.actors.journal.LedgerEntry;
import dev.sampo.actors.journal.LedgerException;
import dev.sampo.actors.journal.LedgerReader;
import dev.sampo.actors.report.RunClaim;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.config.RunConfig;
import dev.sampo.config.RunConfigReader;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.log.Recording;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** A run folder as {@code sampo inspect} shows it: by its ledger. Nothing in it is changed. */
final class InspectedRun {
  private final RunFolder folder;
  private final RunConfig config;
  private final PrintWriter out;

  private InspectedRun(RunFolder folder, RunConfig config, PrintWriter out) {
    this.folder = folder;
    this.config = config;
    this.out = out;
  }

  /** Whether a folder is that of a run, and no recording. */
  static boolean isOne(RunFolder folder) {
    return Files.exists(folder.config()) && !Recording.isOne(folder.path());
  }

  /** Reads what the run was configured to. */
  static InspectedRun open(RunFolder folder, PrintWriter out) {
    RunConfig config = RunConfigReader.read(Optional.of(folder.config()), List.of()).settings();
    if (!Files.exists(folder.ledger())) {
      throw new CommandFailedException(
          "%s has no ledger: 'sampo train' keeps one; %s may hold a recording"
              .formatted(folder.path(), folder.rollouts()));
    }
    return new InspectedRun(folder, config, out);
  }

  /** Prints a summary; returns whether there is a fault. */
  boolean summarize(boolean verify) {
    boolean isGoingOn = RunClaim.isHeld(folder);
    Set<String> faults = new LinkedHashSet<>(); // what ledger and recording both say once
    try (LedgerReader ledger = reader()) {
      LedgerReport report = LedgerReport.of(ledger);
      faults.addAll(report.faults());
      new InspectedLedger(config, ledger, report, out).print(isGoingOn);
      boolean isRecorded = Recording.isOne(folder.rollouts());
      out.printf("recording   %s%n", isRecorded ? folder.rollouts() : "none");
      if (verify) {
        out.printf("verified    %s%n", verified(report, isRecorded, faults));
      }
    }
    if (verify || !faults.isEmpty()) {
      out.printf("faults      %d%n", faults.size());
    }
    faults.forEach(out::println);
    return !faults.isEmpty();
  }

  /** Looks for the rest of the faults; returns where. */
  private String verified(LedgerReport report, boolean isRecorded, Set<String> faults) {
    String events = "%d events".formatted(report.numRead());
    if (!isRecorded) {
      return events + ", no recording";
    }
    Recording recording = Recording.open(folder.rollouts());
    faults.addAll(recording.verify().problems());
    Agreement agreement = Agreement.of(report, recording);
    faults.addAll(agreement.faults());
    return "%s, and %d groups and %d steps of them in the recording"
        .formatted(events, agreement.numGroups(), agreement.numSteps());
  }

  /**
   * Prints the events of a range.
   *
   * @throws CommandFailedException if the ledger has none of them
   */
  void events(long first, long last) {
    print(
        entry -> entry.number() >= first && entry.number() <= last,
        "no event from %d%s".formatted(first, last == Long.MAX_VALUE ? " on" : " to " + last));
  }

  /**
   * Prints every event that has to do with one group.
   *
   * @throws CommandFailedException if the ledger has none
   */
  void history(GroupId group) {
    print(new EventsOfGroup(group), "no event of group " + group.value());
  }

  /** What happened to a group, and terms that may have asked it again. */
  private static final class EventsOfGroup implements Predicate<LedgerEntry> {
    private final GroupId group;
    private boolean isOpened;

    EventsOfGroup(GroupId group) {
      this.group = group;
    }

    @Override
    public boolean test(LedgerEntry entry) {
      boolean isOne =
          switch (entry.event()) {
            case LedgerEvent.OfGroup event -> event.group().equals(group);
            case LedgerEvent.StepTaken taken -> taken.step().groups().contains(group);
            case LedgerEvent.TermOpened term -> isOpened && !term.abandonedSteps().isEmpty();
            default -> false;
          };
      isOpened |= isOne;
      return isOne;
    }
  }

  private void print(Predicate<LedgerEntry> wanted, String nothing) {
    LongSummaryStatistics numbers = new LongSummaryStatistics();
    boolean[] isAny = {false};
    try (LedgerReader ledger = reader()) {
      ledger.read(entry -> {
        numbers.accept(entry.number());
        if (wanted.test(entry)) {
          isAny[0] = true;
          out.println(LedgerText.of(entry));
        }
      });
    }
    if (!isAny[0]) {
      throw new CommandFailedException(
          "the ledger of %s has %s; %s"
              .formatted(
                  folder.path(),
                  nothing,
                  numbers.getCount() == 0
                      ? "it is empty"
                      : "it has the events %d to %d"
                          .formatted(numbers.getMin(), numbers.getMax())));
    }
  }

  private LedgerReader reader() {
    LedgerReader ledger = LedgerReader.open(config.ledger(), folder.ledger(), config.run().id());
    try {
      ledger.requireRun(folder.config());
      return ledger;
    } catch (LedgerException e) {
      ledger.close();
      throw e;
    }
  }
}
