package dev.sampo.actors.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.sampo.actors.journal.LedgerJournal;
import dev.sampo.actors.journal.ListedJournal;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Time stands still unless a test says otherwise. */
class JournalWriterTest {
  private static final Duration PAUSE = Duration.ofSeconds(3);
  private final ActorTestKit kit =
      ActorTestKit.create(
          ManualTime.config()
              .withFallback(ConfigFactory.parseString("pekko.actor.provider = local"))
              .withFallback(ConfigFactory.load()));
  private final ManualTime time = ManualTime.get(kit.system());
  private final TestProbe<JournalWriter.Durable> coordinator = kit.createTestProbe();

  @AfterEach
  void stop() {
    kit.shutdownTestKit();
  }

  @Test
  void eventsThatWaitWhileOthersAreWrittenGoIntoOneTransaction() {
    ListedJournal journal = new ListedJournal(0);
    SlowJournal slow = new SlowJournal(journal, new CountDownLatch(1), new CountDownLatch(1));
    ActorRef<JournalWriter.Command> writer = writer(slow, 1);
    append(writer, 0);
    await(slow.begun());
    append(writer, 1);
    append(writer, 2);
    append(writer, 3);
    slow.goOn().countDown();

    assertThat(coordinator.receiveMessage().numEvents()).isEqualTo(1);
    assertThat(coordinator.receiveMessage().numEvents()).isEqualTo(4);
    assertThat(journal.transactions())
        .containsExactly(List.of(event(0)), List.of(event(1), event(2), event(3)));
  }

  @Test
  void aLostDatabaseIsTriedAgainAndNothingIsMissingThen() {
    ListedJournal journal = new ListedJournal(2);
    ActorRef<JournalWriter.Command> writer = writer(journal, 3);
    append(writer, 0);
    coordinator.expectNoMessage(Duration.ofMillis(50));
    append(writer, 1);
    time.timePasses(PAUSE);
    coordinator.expectNoMessage(Duration.ofMillis(50));
    time.timePasses(PAUSE);

    assertThat(coordinator.receiveMessage().numEvents()).isEqualTo(1);
    assertThat(coordinator.receiveMessage().numEvents()).isEqualTo(2);
    assertThat(journal.transactions()).containsExactly(List.of(event(0)), List.of(event(1)));
  }

  @Test
  void aDatabaseThatStaysLostEndsTheWriter() {
    ListedJournal journal = new ListedJournal(9);
    ActorRef<JournalWriter.Command> writer = writer(journal, 2);
    append(writer, 0);
    coordinator.expectNoMessage(Duration.ofMillis(50));
    assertThat(journal.isClosed()).isFalse();

    time.timePasses(PAUSE);

    coordinator.expectTerminated(writer);
    assertThat(journal.isClosed()).isTrue();
    assertThat(journal.transactions()).isEmpty();
  }

  @Test
  void nobodyWaitsUntilItIsTidy() {
    TidiedJournal journal = new TidiedJournal(List.of(), new CountDownLatch(1));
    ActorRef<JournalWriter.Command> writer = writer(journal, 1);
    append(writer, 0);

    assertThat(coordinator.receiveMessage().numEvents()).isEqualTo(1);
    journal.mayTidyUp().countDown();
    coordinator.awaitAssert(() -> {
      assertThat(journal.calls()).containsExactly("1 written", "tidied up");
      return journal;
    });
  }

  /** What the last transaction came to is not known until it is tried again. */
  @Test
  void whatIsTriedAgainComesBeforeTidyingUp() {
    TidiedJournal journal = new TidiedJournal(List.of(1, 3), new CountDownLatch(0));
    ActorRef<JournalWriter.Command> writer = writer(journal, 2);
    append(writer, 0);
    coordinator.expectNoMessage(Duration.ofMillis(50));
    append(writer, 1);
    time.timePasses(PAUSE);
    assertThat(coordinator.receiveMessage().numEvents()).isEqualTo(1);
    coordinator.expectNoMessage(Duration.ofMillis(50));
    time.timePasses(PAUSE);

    assertThat(coordinator.receiveMessage().numEvents()).isEqualTo(2);
    coordinator.awaitAssert(() -> {
      assertThat(journal.calls())
          .containsExactly("1 lost", "1 written", "1 lost", "1 written", "tidied up");
      return journal;
    });
  }

  private ActorRef<JournalWriter.Command> writer(LedgerJournal journal, int attempts) {
    return kit.spawn(JournalWriter.create(journal, new JournalWriter.Patience(attempts, PAUSE)));
  }

  private void append(ActorRef<JournalWriter.Command> writer, long group) {
    writer.tell(new JournalWriter.Append(event(group), coordinator.ref()));
  }

  private static LedgerEvent event(long group) {
    return new LedgerEvent.GroupOpened(new GroupId(group), "rows:" + group);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Writes when it is let. */
  private record SlowJournal(LedgerJournal journal, CountDownLatch begun, CountDownLatch goOn)
      implements LedgerJournal {
    @Override
    public Optional<LedgerSnapshot> snapshot(long oldestStep) {
      return journal.snapshot(oldestStep);
    }

    @Override
    public void keep(LedgerSnapshot snapshot, boolean dropsEvents) {
      journal.keep(snapshot, dropsEvents);
    }

    @Override
    public void replay(Consumer<LedgerEvent> each) {
      journal.replay(each);
    }

    @Override
    public void append(List<LedgerEvent> events) {
      begun.countDown();
      await(goOn);
      journal.append(events);
    }

    @Override
    public void close() {
      journal.close();
    }
  }

  /** Notes what is asked of it; some of the attempts to write fail. */
  private record TidiedJournal(List<Integer> failing, CountDownLatch mayTidyUp, List<String> calls)
      implements LedgerJournal {
    TidiedJournal(List<Integer> failing, CountDownLatch mayTidyUp) {
      this(failing, mayTidyUp, new CopyOnWriteArrayList<>());
    }

    @Override
    public Optional<LedgerSnapshot> snapshot(long oldestStep) {
      return Optional.empty();
    }

    @Override
    public void keep(LedgerSnapshot snapshot, boolean dropsEvents) {
      throw new UnsupportedOperationException("it has none");
    }

    @Override
    public void replay(Consumer<LedgerEvent> each) {}

    @Override
    public void append(List<LedgerEvent> events) {
      boolean fails = failing.contains(calls.size() + 1);
      calls.add(events.size() + (fails ? " lost" : " written"));
      if (fails) {
        new ListedJournal(1).append(events);
      }
    }

    @Override
    public void tidyUp() {
      await(mayTidyUp);
      calls.add("tidied up");
    }

    @Override
    public void close() {}
  }
}
