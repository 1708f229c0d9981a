package dev.sampo.bench;

import com.typesafe.config.ConfigFactory;
import dev.sampo.actors.journal.LedgerJournal;
import dev.sampo.actors.journal.RunLedger;
import dev.sampo.actors.journal.SimulatedJournal;
import dev.sampo.actors.pipeline.JournalClients;
import dev.sampo.actors.pipeline.JournalWriter;
import dev.sampo.config.LedgerSettings;
import dev.sampo.protocol.ledger.LedgerEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * How fast the journal makes events durable, in batches as they come: so many groups wait for it at
 * a time, each is the next one when it is durable.
 */
final class JournalRates {
  private static final int[] CONCURRENT = {1, 8, 64, 256};
  private static final Duration LASTS = Duration.ofSeconds(2);

  private final Path folder;
  private int numRuns;

  /**
   * Rates.
   *
   * @param folder on the disk to measure
   */
  JournalRates(Path folder) {
    this.folder = folder;
  }

  /** Without a database. */
  void measureMemory(Results results) {
    for (int concurrent : CONCURRENT) {
      LedgerJournal journal = new SimulatedJournal(() -> false, event -> {});
      write("in memory", journal, concurrent, results);
    }
  }

  /** In a database; and how long it takes to read it again. */
  void measure(String name, LedgerSettings settings, Results results) throws IOException {
    for (int concurrent : CONCURRENT) {
      numRuns++;
      Path place = Files.createDirectory(folder.resolve("ledger-" + numRuns));
      String run = folder.getFileName() + "-" + numRuns;
      long groups;
      try (RunLedger ledger =
          RunLedger.open(settings, place, run, OptionalLong::empty, line -> {})) {
        ledger.journal().append(RunEvents.beginning());
        groups = write(name, ledger.journal(), concurrent, results);
      }
      if (settings.url().isEmpty()) {
        results.add(
            "journal, %s, on the disk, %d at a time".formatted(name, concurrent),
            "bytes/group",
            (double) Files.size(place.resolve("ledger.mv.db")) / groups);
      }
    }
  }

  /** How long it takes to begin with a ledger of so many groups. */
  void measureStart(String name, LedgerSettings settings, int groups, Results results)
      throws IOException {
    numRuns++;
    Path place = Files.createDirectory(folder.resolve("ledger-" + numRuns));
    String run = folder.getFileName() + "-" + numRuns;
    long numEvents = 0;
    try (RunLedger ledger = RunLedger.open(settings, place, run, OptionalLong::empty, line -> {})) {
      ledger.journal().append(RunEvents.beginning());
      for (long first = 0; first < groups; first += 1_000) {
        List<LedgerEvent> events =
            LongStream.range(first, Math.min(groups, first + 1_000))
                .boxed()
                .flatMap(n -> RunEvents.ofGroup(n).stream())
                .toList();
        ledger.journal().append(events);
        ledger.journal().tidyUp();
        numEvents += events.size();
      }
    }
    Stopwatch watch = new Stopwatch();
    try (RunLedger ledger = RunLedger.open(settings, place, run, OptionalLong::empty, line -> {})) {
      double seconds = watch.lap().seconds();
      if (ledger.groups().counts().total() != groups) {
        throw new IllegalStateException("not what was written: " + ledger.groups().counts());
      }
      results.add("start, %s, %,d events".formatted(name, numEvents), "s", seconds);
    }
  }

  /** Writes until enough time has gone; returns how many groups there were. */
  private static long write(String name, LedgerJournal journal, int concurrent, Results results) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    GroupsForAWhile groups = new GroupsForAWhile(LASTS);
    ActorSystem<?> system =
        ActorSystem.create(
            Behaviors.setup(context -> {
              ActorRef<JournalWriter.Command> writer =
                  context.spawn(
                      JournalWriter.create(journal, new JournalWriter.Patience(1, Duration.ZERO)),
                      "journal",
                      DispatcherSelector.blocking());
              context.spawn(JournalClients.create(writer, concurrent, groups, done), "clients");
              return Behaviors.empty();
            }),
            "bench",
            ConfigFactory.parseMap(Map.of("pekko.actor.provider", "local", "pekko.loglevel", "OFF"))
                .withFallback(ConfigFactory.load()));
    try {
      done.join();
      double seconds = groups.seconds();
      String what = "journal, %s, %d groups at a time".formatted(name, concurrent);
      results.add(what, "groups/s", groups.number() / seconds);
      results.add(what + ", events", "events/s", groups.numEvents() / seconds);
      return groups.number();
    } finally {
      system.terminate();
      system.getWhenTerminated().toCompletableFuture().join();
    }
  }
}
