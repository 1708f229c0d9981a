package dev.sampo.actors.cli;

import dev.sampo.actors.audit.LedgerReport;
import dev.sampo.actors.audit.LedgerText;
import dev.sampo.actors.engine.NodeAssembly;
import dev.sampo.actors.journal.LedgerReader;
import dev.sampo.actors.question.RunQuestions;
import dev.sampo.actors.run.GroupLedger;
import dev.sampo.actors.run.RunHistory;
import dev.sampo.config.RunConfig;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.tasks.DataException;
import dev.sampo.tasks.data.DataFile;
import dev.sampo.tasks.data.DataSet;
import dev.sampo.tasks.data.ImageFiles;
import dev.sampo.vlm.ModelException;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/** The ledger of a run as {@code sampo inspect} shows it. */
final class InspectedLedger {
  private static final int MAX_LINES = 10; // of steps, terms, or groups that were set aside
  private static final int MAX_REASONS = 5;

  private final RunConfig config;
  private final LedgerReader ledger;
  private final LedgerReport report;
  private final PrintWriter out;

  InspectedLedger(RunConfig config, LedgerReader ledger, LedgerReport report, PrintWriter out) {
    this.config = config;
    this.ledger = ledger;
    this.report = report;
    this.out = out;
  }

  /** Prints a summary. */
  void print(boolean isGoingOn) {
    RunHistory history = report.groups().history();
    out.printf(
        "run         %s%s%n",
        history.run().map(LedgerEvent.RunOpened::runId).orElse(config.run().id()),
        isGoingOn ? ", a process works on it" : "");
    out.printf(
        "ledger      %s, %d events%s, %d KiB%n",
        ledger.name(),
        report.last().map(entry -> entry.number() + 1).orElse(0L),
        report.numDropped() == 0
            ? ""
            : ", of which the first %d are dropped".formatted(report.numDropped()),
        (ledger.numBytes() + 1023) / 1024);
    out.printf("last event  %s%n", report.last().map(LedgerText::of).orElse("none"));
    printTerms();
    printSteps(history);
    printGroups();
    out.printf("data        %s%n", data());
  }

  private void printTerms() {
    List<LedgerReport.Term> terms = report.terms();
    out.printf("terms       %d%n", terms.size());
    for (LedgerReport.Term term : newest(terms)) {
      out.printf(
          "  %d  %s  %s%n",
          term.opened().term(), LedgerText.time(term.at()), reason(term.opened()));
    }
  }

  private static String reason(LedgerEvent.TermOpened opened) {
    long step = opened.from().step();
    if (!opened.abandonedSteps().isEmpty()) {
      return "went on at step %d, %s abandoned: not reached again"
          .formatted(step, LedgerText.steps(opened.abandonedSteps()));
    }
    return opened.term() == 1
        ? "the run began"
        : "the learner's node began again, at step %d".formatted(step);
  }

  private void printSteps(RunHistory history) {
    long published = history.published().map(version -> version.step()).orElse(0L);
    out.printf(
        "steps       %d of %d committed, %d published%n",
        history.step(), config.run().steps(), published);
    for (LedgerReport.Step step : newest(List.copyOf(report.steps().values()))) {
      out.printf(
          "  %d  %s  %d groups, weights %s%s%n",
          step.taken().version().step(),
          LedgerText.time(step.at()),
          step.taken().groups().size(),
          step.taken().version().weightsHash(),
          step.isPublished() ? "" : ", not published");
    }
  }

  private void printGroups() {
    GroupLedger.Counts counts = report.groups().counts();
    String used = config.recording().only() ? "recorded in steps" : "trained";
    out.printf(
        "groups      %d: %d %s, %d finished and not %s yet, %d running or to be asked, %d"
            + " filtered, %d set aside%n",
        counts.total(),
        counts.trained(),
        used,
        counts.accepted(),
        used,
        counts.waiting() + counts.leased(),
        counts.filtered(),
        counts.setAside());
    printReasons("filtered", report.filtered());
    printReasons("returned", report.returned());
    List<LedgerReport.SetAside> setAside = report.setAside();
    if (!setAside.isEmpty()) {
      out.printf("set aside   %d%n", setAside.size());
      newest(setAside)
          .forEach(group ->
              out.printf(
                  "  group %d, %s: %s%n", group.group().value(), group.source(), group.reason()));
    }
  }

  private void printReasons(String what, SortedMap<String, Integer> reasons) {
    if (reasons.isEmpty()) {
      return;
    }
    out.printf("%-11s %d%n", what, reasons.values().stream().mapToInt(Integer::intValue).sum());
    reasons.entrySet().stream()
        .sorted(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder()))
        .limit(MAX_REASONS)
        .forEach(reason -> out.printf("  %d x %s%n", reason.getValue(), reason.getKey()));
    if (reasons.size() > MAX_REASONS) {
      out.printf("  and %d other reasons%n", reasons.size() - MAX_REASONS);
    }
  }

  private <T> List<T> newest(List<T> all) {
    if (all.size() > MAX_LINES) {
      out.printf("  the last %d:%n", MAX_LINES);
    }
    return all.subList(Math.max(0, all.size() - MAX_LINES), all.size());
  }

  /**
   * The cursor; how long an epoch is follows from the training data, where these and the model are
   * at hand.
   */
  private String data() {
    long next = report.groups().nextGroup().value();
    try {
      DataSet rows =
          DataSet.open(
              List.of(new DataFile(config.data().train(), config.data().imageFolder())),
              config.data().task(),
              RunQuestions.template(config),
              new ImageFiles());
      int epoch = NodeAssembly.prompts(config, rows).epochRows();
      long epochs = next / epoch;
      return "%d rows visited: %d %s of %d rows, and %d"
          .formatted(next, epochs, epochs == 1 ? "epoch" : "epochs", epoch, next % epoch);
    } catch (DataException | ModelException e) {
      return "%d rows visited; of how many is not known: %s".formatted(next, e.getMessage());
    }
  }
}
