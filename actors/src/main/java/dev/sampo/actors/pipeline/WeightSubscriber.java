package dev.sampo.actors.pipeline;

import static dev.sampo.protocol.PolicyVersion.IN_HISTORY;

import dev.sampo.actors.transfer.FileSource;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.protocol.WeightShard;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.slf4j.event.Level;

/**
 * Keeps a worker's weights up to date: hears of versions, fetches their files, one version at a
 * time, and hands them over. Versions of an earlier learner's term are fenced: a later term counts,
 * though it has fewer steps. Whatever goes wrong, the worker keeps the version it has and a
 * snapshot is asked for.
 *
 * <pre>
 *   announced --base is what the worker has--> fetch --> hand over --> installed
 *       |                                        |                        |
 *       +--gap--> ask for a snapshot <---failed--+-----refused------------+
 * </pre>
 *
 * <p>Edge <i>Snapshot</i>: waits for the publisher; asked again after a while, ever more rarely. A
 * worker that hears of no version asks as well. A worker that has waited for weights longer than
 * its patience fails; a transfer that goes on is not cut off, and a publisher that answers that
 * there are none yet is waited for as long as it says so.
 */
public final class WeightSubscriber extends AbstractMatchingBehavior<WeightSubscriber.Command> {
  private static final Duration ASK_AGAIN_AFTER = Duration.ofSeconds(5);
  private static final Duration ASK_AGAIN_AT_LAST_AFTER = Duration.ofMinutes(1);
  private static final int QUESTIONS_WITHIN_PATIENCE = 4; // at least, since some may be lost

  /** What the subscriber understands. */
  public sealed interface Command {}

  private record Heard(WeightPublisher.News news) implements Command {}

  private record NothingHeard() implements Command {}

  private record Fetched(WeightDelta delta) implements Command {}

  private record NotFetched(WeightDelta delta, String reason) implements Command {}

  /** The worker has the version. */
  record Installed(WeightDelta delta) implements Command {}

  /** The worker could not use the files and keeps what it has. */
  record NotInstalled(WeightDelta delta, String reason) implements Command {}

  private record AskAgain() implements Command {}

  private record PatienceIsOver() implements Command {}

  private final ActorRef<RolloutWorker.Command> worker;
  private final Services<WeightPublisher.Command> publishers;
  private final ActorRef<WeightPublisher.News> ear;
  private final FileSource files;
  private final Path folder;
  private final Optional<Duration> patience;
  private final TimerScheduler<Command> timers;
  private final TreeMap<PolicyVersion, WeightPublisher.Announced> ahead = new TreeMap<>(IN_HISTORY);
  private Optional<PolicyVersion> held = Optional.empty();
  private int newestTerm; // that was heard of; a learner of an earlier one may still be talking
  private boolean fetching;
  private boolean needsSnapshot;
  private Duration pause;
  private boolean isPatient = true;
  private boolean isToldToWait;
  private String obstacle = "no version was announced, is there a learner in the cluster?";

  private WeightSubscriber(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      ActorRef<RolloutWorker.Command> worker,
      Services<WeightPublisher.Command> publishers,
      ActorRef<WeightBoard.Command> board,
      FileSource files,
      Path folder,
      Optional<Duration> patience) {
    super(context);
    this.timers = timers;
    this.worker = worker;
    this.publishers = publishers;
    this.files = files;
    this.folder = folder;
    this.patience = patience;
    this.pause = shortEnough(ASK_AGAIN_AFTER);
    this.ear = context.messageAdapter(WeightPublisher.News.class, Heard::new);
    board.tell(new WeightBoard.Listen(ear.narrow()));
    timers.startSingleTimer(new NothingHeard(), pause);
    measurePatience();
  }

  /**
   * A subscriber without weights.
   *
   * @param worker gets the files of every version
   * @param publishers is asked for snapshots
   * @param board where versions are heard of
   * @param folder where the files go
   * @param patience how long it waits for weights, first ones or newer ones, while no publisher
   *     says that there will be some; empty for ever
   */
  public static Behavior<Command> create(
      ActorRef<RolloutWorker.Command> worker,
      Services<WeightPublisher.Command> publishers,
      ActorRef<WeightBoard.Command> board,
      FileSource files,
      Path folder,
      Optional<Duration> patience) {
    return Behaviors.setup(context ->
        Behaviors.withTimers(timers ->
            new WeightSubscriber(
                context, timers, worker, publishers, board, files, folder, patience)));
  }

  @Override
  public Behavior<Command> onMessage(Command message) {
    switch (message) {
      case Heard(WeightPublisher.Announced announced) -> onAnnounced(announced);
      case Heard(WeightPublisher.Later(String reason)) -> onLater(reason);
      case NothingHeard _ -> {
        if (held.isEmpty() && ahead.isEmpty() && !fetching) {
          askForSnapshot("no version was announced");
        }
      }
      case Fetched(WeightDelta delta) ->
          worker.tell(new RolloutWorker.Install(delta, folderOf(delta), getContext().getSelf()));
      case NotFetched(WeightDelta delta, String reason) -> onFailed(delta, reason);
      case NotInstalled(WeightDelta delta, String reason) -> {
        delete(folderOf(delta));
        onFailed(delta, reason);
      }
      case Installed(WeightDelta delta) -> {
        held = Optional.of(delta.version());
        delete(folder);
        fetching = false;
        needsSnapshot = false;
        pause = shortEnough(ASK_AGAIN_AFTER);
        isToldToWait = false;
        isPatient = true;
        timers.cancel(PatienceIsOver.class);
        fetchNext();
      }
      case AskAgain _ -> {
        if (needsSnapshot && !fetching) {
          askForSnapshot("the last request had no answer");
        }
      }
      case PatienceIsOver _ -> {
        isPatient = false;
        failIfNothingComes();
      }
    }
    return this;
  }

  private void onAnnounced(WeightPublisher.Announced announced) {
    PolicyVersion version = announced.delta().version();
    boolean isNewer = held.stream().allMatch(old -> IN_HISTORY.compare(old, version) < 0);
    if (!isNewer || version.term() < newestTerm) {
      return;
    }
    newestTerm = version.term();
    ahead.keySet().removeIf(other -> other.term() < newestTerm);
    ahead.merge(version, announced, (old, now) -> now.delta().isSnapshot() ? now : old);
    fetchNext();
  }

  /** Somebody is there, so that patience begins anew. */
  private void onLater(String reason) {
    if (!needsSnapshot) {
      return; // it has come meanwhile
    }
    if (!isToldToWait) {
      getContext().getLog().info("waits for weights: {}", reason);
      isToldToWait = true;
    }
    obstacle = "no answer any more, the last one was: " + reason;
    isPatient = true;
    timers.cancel(PatienceIsOver.class);
    measurePatience();
  }

  private void fetchNext() {
    held.ifPresent(version -> ahead.headMap(version, true).clear());
    if (fetching || ahead.isEmpty()) {
      return;
    }
    measurePatience();
    Optional<WeightPublisher.Announced> next =
        ahead.descendingMap().values().stream().filter(this::isUsable).findFirst();
    if (next.isPresent()) {
      fetch(next.get());
    } else {
      obstacle = "no way from " + held + " to " + ahead.lastKey();
      askForSnapshot(obstacle);
    }
  }

  private void measurePatience() {
    if (!timers.isTimerActive(PatienceIsOver.class)) {
      patience.ifPresent(
          limit -> timers.startSingleTimer(PatienceIsOver.class, new PatienceIsOver(), limit));
    }
  }

  private void failIfNothingComes() {
    if (!isPatient && !fetching) {
      throw new WaitedTooLongException(patience.orElseThrow(), "weights: " + obstacle);
    }
  }

  private boolean isUsable(WeightPublisher.Announced announced) {
    return announced.delta().isSnapshot() || announced.delta().base().equals(held);
  }

  private void askForSnapshot(String reason) {
    needsSnapshot = true;
    if (timers.isTimerActive(AskAgain.class)) {
      return;
    }
    getContext()
        .getLog()
        .atLevel(isToldToWait ? Level.DEBUG : Level.INFO)
        .log("asks for a snapshot of the weights, again in {}: {}", pause, reason);
    publishers
        .next()
        .ifPresent(
            publisher -> publisher.tell(new WeightPublisher.SnapshotWanted(ear, held, reason)));
    timers.startSingleTimer(AskAgain.class, new AskAgain(), pause);
    Duration longer = pause.multipliedBy(2);
    pause =
        shortEnough(
            longer.compareTo(ASK_AGAIN_AT_LAST_AFTER) < 0 ? longer : ASK_AGAIN_AT_LAST_AFTER);
  }

  private Duration shortEnough(Duration pause) {
    Optional<Duration> longest = patience.map(limit -> limit.dividedBy(QUESTIONS_WITHIN_PATIENCE));
    return longest.filter(limit -> limit.compareTo(pause) < 0).orElse(pause);
  }

  private void fetch(WeightPublisher.Announced announced) {
    fetching = true;
    WeightDelta delta = announced.delta();
    CompletionStage<?> all = CompletableFuture.completedFuture(null);
    for (WeightShard shard : delta.shards()) {
      var urls = announced.urls().stream().map(url -> url + "/" + shard.name()).toList();
      Path target = folderOf(delta).resolve(shard.name());
      all = all.thenCompose(done -> files.fetch(urls, shard.sha256(), target));
    }
    getContext()
        .pipeToSelf(
            all,
            (done, failure) ->
                failure == null
                    ? new Fetched(delta)
                    : new NotFetched(delta, Failures.messageOf(Failures.rootOf(failure))));
  }

  /** What was fetched so far stays, so that an interrupted transfer goes on where it stopped. */
  private void onFailed(WeightDelta delta, String reason) {
    getContext().getLog().warn("version {} is unusable: {}", delta.version().step(), reason);
    fetching = false;
    ahead.remove(delta.version());
    obstacle = "version %d is unusable: %s".formatted(delta.version().step(), reason);
    failIfNothingComes();
    askForSnapshot(reason);
  }

  /** What cannot be deleted is in nobody's way. */
  private void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException | UncheckedIOException e) {
      getContext().getLog().warn("{} stays: {}", folder, e.toString());
    }
  }

  private Path folderOf(WeightDelta delta) {
    String kind = delta.isSnapshot() ? "snapshot" : "delta";
    PolicyVersion version = delta.version();
    return folder.resolve("term-%d-step-%d-%s".formatted(version.term(), version.step(), kind));
  }
}
