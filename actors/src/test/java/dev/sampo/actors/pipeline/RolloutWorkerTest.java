package dev.sampo.actors.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.transfer.BlobCache;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.WeightDelta;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.FishingOutcomes;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A worker with one slot, whose groups are finished at once; nobody scores them. */
class RolloutWorkerTest {
  private static final PolicyVersion VERSION = new PolicyVersion("run", 1, 0, "hash");
  private static final Duration LONG = Duration.ofMinutes(5);

  private final ActorTestKit kit = LocalActors.kit();
  private final TestProbe<RunCoordinator.Command> coordinator = kit.createTestProbe();
  private final TestProbe<LeaseId> finishedGroups = kit.createTestProbe();
  private final TestProbe<String> fetchingThreads = kit.createTestProbe();

  @AfterEach
  void stop() {
    kit.shutdownTestKit();
  }

  @Test
  void groupsThatNobodyWantsAnyMoreKeepTheirPlacesOnTheWayOutUntilTheyLeave() {
    ActorRef<RolloutWorker.Command> worker = worker();

    for (int group = 0; group < 2; group++) {
      grant(worker, group, LONG);
      finishedGroups.expectMessage(leaseOf(group));
      worker.tell(new RolloutWorker.Cancel(leaseOf(group), "not wanted"));
    }
    grant(worker, 2, LONG);

    finishedGroups.expectNoMessage(Duration.ofMillis(100));
    TestProbe<RolloutWorker.Drained> drained = kit.createTestProbe();
    worker.tell(new RolloutWorker.Drain(drained.ref()));
    drained.expectMessageClass(RolloutWorker.Drained.class);
  }

  @Test
  void aLeaseWhoseWeightsDoNotComeIsGivenBackAndNoneIsAskedFor() {
    ActorRef<RolloutWorker.Command> worker = worker();

    worker.tell(
        new RolloutWorker.Grant(coordinator.ref(), lease(0, 1, Duration.ofMillis(10)), "url"));

    coordinator.fishForMessage(
        Duration.ofSeconds(10),
        message ->
            message instanceof RunCoordinator.Demand demand && demand.leases() == 0
                ? FishingOutcomes.complete()
                : FishingOutcomes.continueAndIgnore());
    coordinator.expectMessage(
        new RunCoordinator.GiveBack(
            worker,
            leaseOf(0),
            RunCoordinator.GiveBack.Reason.OUT_OF_REACH,
            "the worker gets no weights that are young enough"));
  }

  /** Those that the node has are read from the disk, which may be slow. */
  @Test
  void imagesAreLookedForAsideOfDecoding() {
    ActorRef<RolloutWorker.Command> worker = worker();
    RolloutLease lease = lease(0, 0, LONG, List.of(new ImageRef("0".repeat(64), 84, 84, 1)));

    worker.tell(new RolloutWorker.Grant(coordinator.ref(), lease, "url"));

    assertThat(fetchingThreads.receiveMessage()).contains("sampo.dispatcher.preparation");
  }

  private void grant(ActorRef<RolloutWorker.Command> worker, long group, Duration patience) {
    worker.tell(new RolloutWorker.Grant(coordinator.ref(), lease(group, 0, patience), "url"));
  }

  private static LeaseId leaseOf(long group) {
    return new LeaseId(1, new GroupId(group), 1);
  }

  private static RolloutLease lease(long group, long minimumStep, Duration patience) {
    return lease(group, minimumStep, patience, List.of());
  }

  private static RolloutLease lease(
      long group, long minimumStep, Duration patience, List<ImageRef> images) {
    return new RolloutLease(
        leaseOf(group),
        new Prompt("rows:1", "rec", "question", images, "", Map.of()),
        2,
        SamplingSettings.atTemperature(1, 8),
        5,
        minimumStep,
        patience);
  }

  private ActorRef<RolloutWorker.Command> worker() {
    return kit.spawn(
        RolloutWorker.create(
            new RolloutWorker.Setup(
                coordinator.ref(),
                new BlobCache(
                    (urls, sha256, target) -> {
                      fetchingThreads.ref().tell(Thread.currentThread().getName());
                      return CompletableFuture.completedFuture(target);
                    },
                    Path.of("none"),
                    1),
                new Services<>(),
                new Services<>(),
                new WayOutSettings(1 << 20, LONG, LONG, LONG, LONG),
                new BusyClock(System::nanoTime)),
            Quick::new));
  }

  /** Finishes every group with its first token. */
  private final class Quick implements Generator {
    private final Map<LeaseId, Progress> running = new LinkedHashMap<>();

    @Override
    public int numSlots() {
      return 1;
    }

    @Override
    public Optional<PolicyVersion> version() {
      return Optional.of(VERSION);
    }

    @Override
    public Runnable prepareGroup(RolloutLease lease, List<byte[]> images) {
      return () -> running.put(lease.id(), new Progress(0, 0));
    }

    @Override
    public List<CompletionGroup> decode() {
      List<CompletionGroup> finished =
          running.keySet().stream().map(lease -> LocalActors.group(lease.group().value())).toList();
      running.keySet().forEach(finishedGroups.ref()::tell);
      running.clear();
      return finished;
    }

    @Override
    public void cancel(LeaseId lease) {
      running.remove(lease);
    }

    @Override
    public Map<LeaseId, Progress> running() {
      return running;
    }

    @Override
    public Runnable prepareWeights(WeightDelta delta, Path folder) {
      throw new UnsupportedOperationException("no weights come");
    }

    @Override
    public void close() {}
  }
}
