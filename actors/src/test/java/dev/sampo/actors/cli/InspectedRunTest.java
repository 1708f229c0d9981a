package dev.sampo.actors.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.journal.RunLedger;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.actors.transfer.HashedFiles;
import dev.sampo.config.RunConfig;
import dev.sampo.config.RunConfigReader;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LogPlace;
import dev.sampo.protocol.log.RecordedSteps;
import dev.sampo.protocol.log.Recording;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run folder with the committed recording of three steps of four groups, and a ledger to it in
 * which one group more was set aside and another one returned.
 */
final class InspectedRunTest {
  private static final Path RECORDED = Path.of("../tests/recordings/small");

  @TempDir private Path temporary;
  private RunFolder run = new RunFolder(Path.of(""));

  /** What a command said. */
  private record Said(int code, String out, String err) {}

  @BeforeEach
  void makeFolder() throws IOException {
    run = new RunFolder(temporary.resolve("run"));
    copy(RECORDED, run.rollouts());
    String runId = Recording.open(RECORDED).manifest().runId();
    String name = name(runId);
    String seed = runId.substring(runId.lastIndexOf('-') + 1);
    Path config = temporary.resolve("run.conf");
    Files.writeString(
        config,
        "sampo { run { name = %s, seed = %s, steps = 3, folder = run }, data.train = rows.jsonl }"
            .formatted(name, seed));
    run.writeConfig(RunConfigReader.read(Optional.of(config), List.of()).render());
  }

  @Test
  void aSummarySaysWhereTheRunIs() {
    keep(events());

    Said said = inspect();

    assertThat(said.code).isZero();
    assertThat(said.out)
        .contains("steps       3 of 3 committed, 2 published")
        .contains(version(3).weightsHash() + ", not published")
        .containsPattern("terms       2\n  1  \\S+Z  the run began\n  2  \\S+Z  the learner's node")
        .contains("12 trained, 0 finished and not trained yet, 1 running or to be asked")
        .contains("returned    1\n  1 x too old\n")
        .contains("set aside   1\n  group 13, rows:13: cannot be read\n")
        .contains("14 rows visited")
        .doesNotContain("faults");
  }

  @Test
  void everythingThatHappenedToAGroupIsListed() {
    keep(events());
    GroupId group = steps().step(2).orElseThrow().groups().getFirst();

    String[] lines = inspect("--group", Long.toString(group.value())).out.split("\n");

    assertThat(lines).hasSize(3);
    assertThat(lines[0]).contains("group " + group.value() + " opened: rows:" + group.value());
    assertThat(lines[1]).contains("group " + group.value() + " accepted: attempt ");
    assertThat(lines[2]).contains("step 2 taken with groups [" + group.value());
  }

  @Test
  void eventsAreListedByNumber() {
    keep(events());

    assertThat(inspect("--events", "1-2").out.lines().toList())
        .hasSize(2)
        .satisfies(lines -> assertThat(lines.get(0)).startsWith("1  ").contains("term 1 opened"));
    assertThat(inspect("--events", "x").code).isEqualTo(2);
  }

  @Test
  void whatTheLedgerDoesNotHaveIsOneLine() {
    keep(events());
    int last = events().size() - 1;

    assertThat(inspect("--events", "900-").err)
        .endsWith("has no event from 900 on; it has the events 0 to %d%n".formatted(last));
    Said said = inspect("--group", "900");

    assertThat(said.code).isEqualTo(1);
    assertThat(said.err)
        .endsWith("has no event of group 900; it has the events 0 to %d%n".formatted(last))
        .hasLineCount(1);
  }

  @Test
  void aRunThatGoesOnCanBeLookedAt() throws IOException {
    try (RunLedger ledger = open();
        FileChannel lock =
            FileChannel.open(
                run.path().resolve("run.lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
      lock.lock();
      ledger.journal().append(events().subList(0, 3));

      assertThat(inspect().out)
          .contains(", a process works on it")
          .containsPattern("ledger .*, 3 events");

      ledger.journal().append(events().subList(3, 5));

      assertThat(inspect().out).containsPattern("ledger .*, 5 events");
    }
  }

  @Test
  void lookingChangesNothing() throws IOException {
    keep(events());
    Map<String, String> before = contents();

    inspect("--verify");

    assertThat(contents()).isEqualTo(before);
  }

  @Test
  void aSoundRunHasNoFault() {
    keep(events());

    Said said = inspect("--verify");

    assertThat(said.out)
        .endsWith(
            "verified    %d events, and 12 groups and 3 steps of them in the recording\nfaults      0\n"
                .formatted(events().size()));
    assertThat(said.code).isZero();
  }

  @Test
  void theRecordingMayHaveAnotherResultWhereAReturnedOneWas() {
    List<LedgerEvent> more = new ArrayList<>(events());
    more.add(elsewhere(12));
    more.add(new LedgerEvent.GroupReturned(new GroupId(12), "its result was not kept"));
    keep(more);

    assertThat(inspect("--verify").out).endsWith("faults      0\n");
  }

  @Test
  void theRecordingMayHaveAnotherResultWhereOneOfAnAbandonedStepWas() {
    PolicyVersion last = version(3);
    PolicyVersion lost = new PolicyVersion(last.runId(), last.term(), 4, "lost");
    PolicyVersion again = new PolicyVersion(last.runId(), last.term() + 1, 3, last.weightsHash());
    List<LedgerEvent> more = new ArrayList<>(events());
    more.add(elsewhere(12));
    more.add(
        new LedgerEvent.StepTaken(
            new StepCommitted(lost, List.of(new GroupId(12)), List.of(1), 0), "s"));
    more.add(new LedgerEvent.TermOpened(3, again, List.of(4L)));
    keep(more);

    Said said = inspect("--verify");
    assertThat(said.out).contains("step 4 abandoned").endsWith("faults      0\n");
  }

  /** A result where the recording has one of another group now. */
  private static LedgerEvent.GroupAccepted elsewhere(long group) {
    return new LedgerEvent.GroupAccepted(
        new LeaseId(1, new GroupId(group), 1), 0, 0, accepted(1).getFirst().place());
  }

  @Test
  void aLedgerFromBeforeThereWereSnapshotsCanBeLookedAt() throws SQLException {
    keep(events());
    execute("DROP TABLE ledger_snapshot");

    Said said = inspect("--verify");
    assertThat(said.err).isEmpty();
    assertThat(said.out).endsWith("faults      0\n");
  }

  @Test
  void aLedgerThatLostItsEndIsAFault() throws SQLException {
    keep(events());
    execute("DELETE FROM ledger_event WHERE number = " + (events().size() - 1));

    assertFault("it was cut off or replaced by another copy");
  }

  @Test
  void aChangedEventIsAFaultAndWhatWasBeforeIsShown() throws SQLException {
    keep(events());
    execute("UPDATE ledger_event SET checksum = 5 WHERE number = 4");

    assertFault("is damaged: event 4 does not match its checksum");
    assertThat(inspect().out).containsPattern("ledger .*, 4 events");
  }

  @Test
  void aLostHeadIsAFault() throws IOException {
    keep(events());
    Files.delete(run.ledger().resolve("ledger.head"));

    assertFault("ledger.head is missing");
  }

  /** A run goes on with the other place, as after a power cut, and writes this one anew. */
  @Test
  void aDamagedPlaceOfTheHeadIsAFault() throws IOException {
    keep(events());
    Path head = run.ledger().resolve("ledger.head");
    byte[] whole = Files.readAllBytes(head);

    Files.write(head, Arrays.copyOf(whole, 40));
    assertFault("one of the two places in " + head + " is damaged");
    for (int at : List.of(10, 64)) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 1;
      Files.write(head, flipped);
      assertFault("one of the two places in " + head + " is damaged");
    }

    try (RunLedger ledger = open()) {
      ledger.journal().append(List.of(new LedgerEvent.TermOpened(3, version(3), List.of())));
    }
    assertThat(inspect("--verify").out).doesNotContain("damaged");
  }

  @Test
  void anEventThatCannotFollowIsAFault() {
    List<LedgerEvent> twice = new ArrayList<>(events());
    twice.add(accepted(2).getFirst());
    keep(twice);

    assertFault("event %d contradicts those before it".formatted(twice.size() - 1));
  }

  @Test
  void aStepThatIsRecordedWithOtherWeightsIsAFault() {
    keep(
        changed(event ->
            event instanceof LedgerEvent.StepTaken(StepCommitted step, String settings)
                    && step.version().step() == 3
                ? new LedgerEvent.StepTaken(
                    new StepCommitted(
                        new PolicyVersion(
                            step.version().runId(), step.version().term(), 3, "other"),
                        step.groups(),
                        step.microBatches(),
                        step.learningRate()),
                    settings)
                : event));

    assertFault("step 3 ended in weights other of term");
  }

  @Test
  void aResultThatIsNotWhereTheLedgerSaysIsAFault() {
    LedgerEvent.GroupAccepted one = accepted(1).getFirst();
    keep(
        changed(event ->
            event.equals(one)
                ? new LedgerEvent.GroupAccepted(
                    one.lease(),
                    one.oldestStep(),
                    one.newestStep(),
                    Optional.of(new LogPlace(0, one.place().orElseThrow().offset() + 1)))
                : event));

    assertFault("at group %d was accepted and is not recorded".formatted(one.group().value()));
  }

  @Test
  void aStepThatIsNotRecordedIsAFault() {
    List<LedgerEvent> more = new ArrayList<>(events());
    more.add(
        new LedgerEvent.StepTaken(
            new StepCommitted(
                new PolicyVersion(version(3).runId(), version(3).term(), 4, "new"),
                List.of(),
                List.of(),
                0),
            "s"));
    keep(more);

    assertFault("step 4 is in the ledger and is not recorded");
  }

  @Test
  void aLedgerOfAnotherRunIsRefusedByName() throws IOException {
    keep(events());
    String runId = version(1).runId();
    Files.writeString(
        run.config(), Files.readString(run.config()).replaceFirst("seed=\\d+", "seed=9"));

    for (String option : List.of("--verify", "--group=1", "--events=0-")) {
      Said said = inspect(option);

      assertThat(said.code).as(option).isEqualTo(1);
      assertThat(said.out).as(option).isEmpty();
      assertThat(said.err)
          .as(option)
          .contains("holds nothing of run %s-9, as ".formatted(name(runId)))
          .contains("it is of " + runId)
          .hasLineCount(1);
    }
  }

  private static String name(String runId) {
    return runId.substring(0, runId.lastIndexOf('-'));
  }

  /** Both the recording and what compares it with the ledger read the whole log. */
  @Test
  void aFaultIsSaidOnce() throws IOException {
    keep(events());
    Path segment = run.rollouts().resolve("segments/000001.seg");
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length - 200] ^= 1;
    Files.write(segment, bytes);

    List<String> lines = inspect("--verify").out.lines().toList();

    assertThat(lines).doesNotHaveDuplicates().anyMatch(line -> line.contains("is damaged at byte"));
  }

  @Test
  void ofARunThatOnlyRecordsNothingIsCalledTrained() throws IOException {
    keep(events());
    Files.writeString(
        run.config(), Files.readString(run.config()).replaceFirst("only=false", "only=true"));

    assertThat(inspect().out)
        .contains("12 recorded in steps, 0 finished and not recorded in steps yet")
        .doesNotContain("trained");
  }

  @Test
  void aRunWithoutALedgerIsOneLine() {
    Said said = inspect();

    assertThat(said.code).isEqualTo(1);
    assertThat(said.err).contains("has no ledger").hasLineCount(1);
  }

  private void assertFault(String line) {
    Said said = inspect("--verify");
    assertThat(said.out).contains(line).doesNotContain("faults      0");
    assertThat(said.code).isEqualTo(1);
    assertThat(inspect().code).isZero();
  }

  /** The ledger that fits the recording. */
  private static List<LedgerEvent> events() {
    List<LedgerEvent> events = new ArrayList<>();
    PolicyVersion first =
        new PolicyVersion(
            version(1).runId(),
            version(1).term(),
            0,
            Recording.open(RECORDED).manifest().modelHash());
    events.add(new LedgerEvent.RunOpened(first.runId(), 7, "s"));
    events.add(new LedgerEvent.TermOpened(1, first, List.of()));
    for (long group = 0; group < 14; group++) {
      events.add(new LedgerEvent.GroupOpened(new GroupId(group), "rows:" + group));
    }
    LedgerEvent.GroupAccepted early = accepted(3).getFirst();
    events.add(early);
    events.add(new LedgerEvent.GroupReturned(early.group(), "too old"));
    events.add(new LedgerEvent.GroupSetAside(new GroupId(13), "cannot be read"));
    for (long step = 1; step <= 3; step++) {
      events.addAll(accepted(step));
      events.add(new LedgerEvent.StepTaken(steps().step(step).orElseThrow(), "s"));
      if (step == 2) {
        events.add(new LedgerEvent.VersionPublished(version(2)));
        events.add(new LedgerEvent.TermOpened(2, version(2), List.of()));
      }
    }
    return events;
  }

  private static List<LedgerEvent> changed(UnaryOperator<LedgerEvent> change) {
    return events().stream().map(change).toList();
  }

  private static List<LedgerEvent.GroupAccepted> accepted(long step) {
    return steps().places(step).stream()
        .map(place -> {
          ScoredGroup group = Recording.open(RECORDED).group(place);
          long oldest = group.group().oldestStep();
          return new LedgerEvent.GroupAccepted(
              group.group().lease(), oldest, oldest, Optional.of(place));
        })
        .toList();
  }

  private static RecordedSteps steps() {
    return Recording.open(RECORDED).steps();
  }

  private static PolicyVersion version(long step) {
    return steps().step(step).orElseThrow().version();
  }

  private void keep(List<LedgerEvent> events) {
    try (RunLedger ledger = open()) {
      ledger.journal().append(events);
    }
  }

  private RunLedger open() {
    RunConfig config = RunConfigReader.read(Optional.of(run.config()), List.of()).settings();
    return RunLedger.open(
        config.ledger(), run.ledger(), config.run().id(), OptionalLong::empty, line -> {});
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection("jdbc:h2:file:" + run.ledger().resolve("ledger"));
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private Said inspect(String... options) {
    List<String> line = new ArrayList<>(List.of("inspect", run.path().toString()));
    line.addAll(List.of(options));
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        SampoMain.run(
            new PrintWriter(out, true), new PrintWriter(err, true), line.toArray(String[]::new));
    return new Said(code, out.toString(), err.toString());
  }

  private Map<String, String> contents() throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(run.path())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        contents.put(run.path().relativize(file).toString(), HashedFiles.sha256Of(file));
      }
    }
    return contents;
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
    }
  }
}
