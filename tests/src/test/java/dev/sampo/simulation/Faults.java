package dev.sampo.simulation;

import dev.sampo.actors.pipeline.RolloutWorker;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.simulation.Cluster.Rewarder;
import dev.sampo.simulation.Cluster.Rollout;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/** What goes wrong in a cluster, and when. */
final class Faults {
  /** The cluster removes a node that is silent for so long. */
  private static final Duration REMOVED_AFTER = Duration.ofSeconds(10);

  private static final Duration LEAVES_AT_LAST = Duration.ofSeconds(60);

  private final Scenario scenario;
  private final Schedule schedule;
  private final SplittableRandom random;
  private final Trace trace;
  private final Cluster cluster;
  private final Network network;
  private final Learning learning;

  Faults(
      Scenario scenario, Schedule schedule, SplittableRandom random, Trace trace, Cluster cluster) {
    this.scenario = scenario;
    this.schedule = schedule;
    this.random = random;
    this.trace = trace;
    this.cluster = cluster;
    this.network = cluster.network();
    this.learning = cluster.learning();
  }

  void plan() {
    for (int i = 0; i < scenario.faults(); i++) {
      schedule.after(anyTime(), Place.NOWHERE, this::one);
    }
    SplittableRandom ofJudge = new SplittableRandom(scenario.seed() + 7);
    if (ofJudge.nextInt(3) == 0) {
      schedule.after(
          Duration.ofMillis(ofJudge.nextLong(scenario.faultsEnd().toMillis())),
          Place.NOWHERE,
          () -> {
            trace.add("FAULT", "the judge is down");
            cluster.loseJudge(Duration.ofSeconds(1 + ofJudge.nextInt(90)));
          });
    }
    SplittableRandom ofLives = new SplittableRandom(scenario.seed() + 9);
    if (ofLives.nextInt(3) == 0) {
      schedule.after(
          Duration.ofMillis(ofLives.nextLong(scenario.faultsEnd().toMillis())),
          Place.NOWHERE,
          () -> replaceLearner(ofLives));
    }
    if (random.nextInt(3) == 0) {
      network.disturb(0.1 * random.nextDouble(), 0.1 * random.nextDouble());
    }
    schedule.after(scenario.faultsEnd(), Place.NOWHERE, this::end);
  }

  private Duration anyTime() {
    return Duration.ofMillis(random.nextLong(scenario.faultsEnd().toMillis()));
  }

  private Duration upTo(int seconds) {
    return Duration.ofMillis(1 + random.nextInt(seconds * 1000));
  }

  private void one() {
    int kind = random.nextInt(17);
    trace.add("FAULT", kind);
    switch (kind) {
      case 0 -> cluster.addRollout();
      case 1 -> cluster.addRewarder();
      case 2 -> anyRollout().ifPresent(this::leave);
      case 3 -> anyRollout().ifPresent(this::kill);
      case 4 -> anyRewarder().ifPresent(this::kill);
      case 5 ->
          anyRollout().ifPresent(rollout -> freeze(rollout.place, upTo(25), () -> gone(rollout)));
      case 6 ->
          anyRewarder()
              .ifPresent(rewarder -> freeze(rewarder.place, upTo(25), () -> gone(rewarder)));
      case 7 -> {
        Duration duration = upTo(8);
        freeze(learning.place(), duration, () -> {});
        freeze(learning.trainerPlace(), duration, () -> {});
      }
      case 8 -> anyRollout().ifPresent(this::partition);
      case 9 ->
          anyRollout()
              .ifPresent(rollout -> {
                if (random.nextBoolean()) {
                  rollout.place.slowDown(2 + random.nextInt(30));
                } else {
                  rollout.engine.stick(true);
                  schedule.after(
                      upTo(40),
                      Place.NOWHERE,
                      () -> {
                        rollout.engine.stick(false);
                      });
                }
              });
      case 10 -> anyRollout().ifPresent(rollout -> rollout.isWithoutFiles = true);
      case 11 -> learning.silenceRecorder(upTo(50));
      case 12 -> learning.loseJournal(upTo(30));
      case 13 -> anyRollout().ifPresent(this::slowTransfers);
      case 14 -> {
        cluster.rollouts().forEach(this::slowTransfers);
        killLearnerAfterStep(cluster.newest());
      }
      default -> killLearner();
    }
  }

  private Optional<Rollout> anyRollout() {
    return any(cluster.rollouts().stream().filter(rollout -> !rollout.gone).toList());
  }

  private Optional<Rewarder> anyRewarder() {
    return any(cluster.rewarders().stream().filter(rewarder -> !rewarder.gone).toList());
  }

  private <T> Optional<T> any(List<T> list) {
    return list.isEmpty() ? Optional.empty() : Optional.of(list.get(random.nextInt(list.size())));
  }

  private void slowTransfers(Rollout rollout) {
    rollout.slowUntil = schedule.nanos() + upTo(30).toNanos();
  }

  private void leave(Rollout rollout) {
    rollout.gone = true;
    if (rollout.worker == null) {
      return;
    }
    ActorRef<RolloutWorker.Command> worker = rollout.worker;
    cluster.host(
        rollout.place,
        context ->
            worker.tell(
                new RolloutWorker.Drain(
                    context.spawn(
                        Behaviors.receiveMessage((RolloutWorker.Drained drained) -> {
                          left(rollout.place);
                          return Behaviors.stopped();
                        }),
                        "drained"))));
    schedule.after(LEAVES_AT_LAST, Place.NOWHERE, () -> left(rollout.place));
  }

  private void left(Place place) {
    schedule.after(
        upTo(2),
        Place.NOWHERE,
        () -> {
          place.kill();
          network.remove(place);
        });
  }

  private void kill(Rollout rollout) {
    rollout.place.kill();
    schedule.after(REMOVED_AFTER, Place.NOWHERE, () -> gone(rollout));
  }

  private void kill(Rewarder rewarder) {
    rewarder.place.kill();
    schedule.after(REMOVED_AFTER, Place.NOWHERE, () -> gone(rewarder));
  }

  /** So that its last version is on its way to the workers. */
  private void killLearnerAfterStep(Optional<PolicyVersion> last) {
    if (!cluster.newest().equals(last)) {
      schedule.after(upTo(1), Place.NOWHERE, this::killLearner);
    } else if (schedule.elapsed().compareTo(scenario.faultsEnd()) < 0) {
      schedule.after(Duration.ofMillis(50), Place.NOWHERE, () -> killLearnerAfterStep(last));
    }
  }

  private void killLearner() {
    if (learning.place().isKilled() || learning.isFinished()) {
      return;
    }
    Place died = learning.place();
    learning.die();
    schedule.after(
        upTo(20),
        Place.NOWHERE,
        () -> {
          if (learning.place() == died) {
            cluster.startAnotherLearner();
          }
        });
  }

  /**
   * The learner's node stands still, another process goes on with the run, and the first one wakes
   * up, at times before the other has written anything. What it has to say is still heard for a
   * while.
   */
  private void replaceLearner(SplittableRandom own) {
    Place place = learning.place();
    Place trainer = learning.trainerPlace();
    if (place.isKilled() || learning.isFinished()) {
      return;
    }
    trace.add("FAULT", "another process goes on");
    place.freeze();
    trainer.freeze();
    Duration another = Duration.ofMillis(50 + own.nextInt(10_000));
    Duration awake = another.plusMillis(own.nextInt(own.nextBoolean() ? 100 : 20_000) - 50);
    schedule.after(
        another,
        Place.NOWHERE,
        () -> {
          if (learning.place() == place && !place.isKilled() && !learning.isFinished()) {
            cluster.startAnotherLearner();
          }
        });
    schedule.after(
        awake,
        Place.NOWHERE,
        () -> {
          schedule.thaw(place);
          schedule.thaw(trainer);
        });
    schedule.after(
        awake.plusMillis(own.nextInt(30_000)),
        Place.NOWHERE,
        () -> {
          if (learning.place() != place) {
            place.kill();
            trainer.kill();
            network.remove(place);
          }
        });
  }

  private void gone(Rollout rollout) {
    rollout.gone = true;
    network.remove(rollout.place);
    if (random.nextInt(3) > 0) {
      cluster.addRollout();
    }
    leaveSomebody();
  }

  private void gone(Rewarder rewarder) {
    rewarder.gone = true;
    network.remove(rewarder.place);
    cluster.rollouts().forEach(cluster::refreshRewards);
    if (random.nextInt(3) > 0) {
      cluster.addRewarder();
    }
    leaveSomebody();
  }

  private void freeze(Place place, Duration duration, Runnable removed) {
    place.freeze();
    schedule.after(duration, Place.NOWHERE, () -> schedule.thaw(place));
    if (duration.compareTo(REMOVED_AFTER) > 0) {
      schedule.after(REMOVED_AFTER, Place.NOWHERE, removed);
    }
  }

  private void partition(Rollout rollout) {
    Duration duration = upTo(20);
    Place other =
        random.nextInt(3) == 0
            ? anyRewarder().map(r -> r.place).orElse(learning.place())
            : learning.place();
    network.cut(rollout.place, other);
    if (duration.compareTo(REMOVED_AFTER) > 0) {
      schedule.after(REMOVED_AFTER, Place.NOWHERE, () -> gone(rollout));
    } else {
      schedule.after(duration, Place.NOWHERE, () -> network.heal(rollout.place, other));
    }
  }

  private void end() {
    trace.add("FAULT", "the end of all faults");
    network.disturb(0, 0);
    network.healAll();
    cluster
        .rollouts()
        .forEach(rollout -> {
          rollout.engine.stick(false);
          rollout.place.slowDown(1);
          rollout.isWithoutFiles &= isOneOfSeveral(rollout) && random.nextBoolean();
        });
    cluster.places().forEach(schedule::thaw);
    leaveSomebody();
  }

  private void leaveSomebody() {
    if (schedule.elapsed().compareTo(scenario.faultsEnd()) < 0) {
      return;
    }
    if (cluster.rewarders().stream().noneMatch(r -> !r.gone && !r.place.isKilled())) {
      cluster.addRewarder();
    }
    if (cluster.rollouts().stream().noneMatch(this::isFit)) {
      cluster.addRollout();
    }
  }

  private boolean isFit(Rollout rollout) {
    return !rollout.gone && !rollout.place.isKilled() && !rollout.isWithoutFiles;
  }

  private boolean isOneOfSeveral(Rollout rollout) {
    return cluster.rollouts().stream().anyMatch(other -> other != rollout && isFit(other));
  }
}
