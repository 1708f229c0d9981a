package dev.sampo.bench;

import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.GroupLedger;
import dev.sampo.actors.run.PromptFeed;
import dev.sampo.actors.run.StalenessGate;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.wire.WireCodec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;

/** How fast the ledger's plain classes decide, on one thread, with nothing written down. */
final class CoreRates {
  private static final int GROUPS = 100_000 / RunEvents.GROUPS_PER_STEP * RunEvents.GROUPS_PER_STEP;

  private final List<LedgerEvent> events =
      LongStream.range(0, GROUPS).boxed().flatMap(n -> RunEvents.ofGroup(n).stream()).toList();

  void measure(Results results) {
    apply(results);
    decide(results);
    encode(results);
  }

  private void apply(Results results) {
    Stopwatch watch = new Stopwatch();
    GroupLedger ledger = new GroupLedger();
    RunEvents.beginning().forEach(ledger::apply);
    events.forEach(ledger::apply);
    double seconds = watch.lap().seconds();
    require(ledger.counts().trained());
    results.add("core: events applied", "events/s", events.size() / seconds);
    results.add("core: groups applied", "groups/s", GROUPS / seconds);
  }

  /** Every question that a group asks the dispatch, from its lease to the step that it is in. */
  private static void decide(Results results) {
    GroupDispatch.Terms terms =
        new GroupDispatch.Terms(
            1, "e", 8, SamplingSettings.atTemperature(1, 256), Duration.ofMinutes(1), 3);
    GroupLedger ledger = new GroupLedger();
    long steps = GROUPS / RunEvents.GROUPS_PER_STEP;
    Prompt prompt = new Prompt("train.jsonl:1", "rec", "question", List.of(), "", Map.of());
    GroupDispatch dispatch =
        new GroupDispatch(
            ledger,
            terms,
            new StalenessGate(1, RunEvents.GROUPS_PER_STEP, steps),
            group -> new PromptFeed.Visit.Ready(prompt),
            event -> {},
            lease -> {});
    Stopwatch watch = new Stopwatch();
    dispatch.openTerm(RunEvents.version(0), Set.of());
    for (long step = 0; step < steps; step++) {
      for (int i = 0; i < RunEvents.GROUPS_PER_STEP; i++) {
        LeaseId lease = dispatch.grant("worker", Set.of(), Instant.EPOCH).orElseThrow().id();
        dispatch.progress(lease, "worker", step, 100, Instant.EPOCH);
        dispatch.offered(lease, Set.of(RunEvents.version(step)));
        dispatch.recorded(lease, Optional.empty());
      }
      dispatch.committed(RunEvents.step(step));
      dispatch.published(RunEvents.version(step + 1));
    }
    double seconds = watch.lap().seconds();
    require(ledger.counts().trained());
    results.add("core: groups leased, judged, accepted, trained", "groups/s", GROUPS / seconds);
  }

  private void encode(Results results) {
    Stopwatch watch = new Stopwatch();
    long bytes = events.stream().mapToLong(event -> WireCodec.encode(event).length).sum();
    double seconds = watch.lap().seconds();
    results.add("core: events encoded", "events/s", events.size() / seconds);
    results.add("journal, as encoded", "bytes/group", (double) bytes / GROUPS);
  }

  private static void require(int trained) {
    if (trained != GROUPS) {
      throw new IllegalStateException(trained + " groups were trained on, not " + GROUPS);
    }
  }
}
