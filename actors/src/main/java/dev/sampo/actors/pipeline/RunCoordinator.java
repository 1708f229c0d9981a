package dev.sampo.actors.pipeline;

import dev.sampo.actors.CrossesNodes;
import dev.sampo.actors.RunFailedException;
import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.LeaseTable;
import dev.sampo.actors.run.Scoring;
import dev.sampo.actors.run.SentBack;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LogPlace;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * Hands out leases and owns the ledger; a cluster singleton.
 *
 * <p>Edges. <i>Term</i>: waits for what learner and buffer hold, and for the journal. <i>Grant</i>:
 * waits for a worker's demand and for quota; unblocked by a finished, lost or filtered group and by
 * a committed step. <i>Verdict</i>: asked by the experience buffer, never waits. <i>Accepted</i>
 * and <i>Committed</i>: answered when the journal has it on the disk. <i>Step</i>: the learner
 * waits until a batch is accepted and no running group would become too old by the step; unblocked
 * by results, and after a configured time by cancelling those groups that were never sent back for
 * their age before; the others end with their lease if they make no progress.
 */
public final class RunCoordinator extends AbstractMatchingBehavior<RunCoordinator.Command> {

  private static final Duration SHORTEST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  /** What the coordinator understands. */
  public sealed interface Command {}

  /**
   * A worker can hold this many leases; replaces its earlier demand, so repeating it is harmless.
   *
   * @param leases leases it can hold in all, those it holds included
   * @param weights the version that it would begin them with
   */
  public record Demand(ActorRef<RolloutWorker.Command> worker, int leases, PolicyVersion weights)
      implements Command, CrossesNodes {}

  /**
   * A worker goes on with a group.
   *
   * @param tokens tokens sampled so far over all completions
   * @param oldestStep step of the oldest policy that sampled one of them, or of the worker's
   *     weights
   */
  public record Progress(
      ActorRef<RolloutWorker.Command> worker, LeaseId lease, long tokens, long oldestStep)
      implements Command, CrossesNodes {}

  /**
   * A worker has groups that it does not decode: they wait for weights or a slot, or are finished
   * and wait for a reward worker or the buffer. It is not to blame, so their leases go on.
   */
  public record Holds(ActorRef<RolloutWorker.Command> worker, List<LeaseId> leases)
      implements Command, CrossesNodes {
    public Holds {
      leases = List.copyOf(leases);
    }
  }

  /** A worker will not finish this group. */
  public record GiveBack(
      ActorRef<RolloutWorker.Command> worker, LeaseId lease, Reason reason, String detail)
      implements Command, CrossesNodes {

    /** What becomes of the prompt. */
    public enum Reason {
      /** The worker leaves and takes no more leases; the prompt goes to another one. */
      LEAVING,
      /** The prompt cannot be asked; it is set aside. */
      BAD_PROMPT,
      /** As {@link #LEAVING}, until the worker asks again: it gets no weights or no images. */
      OUT_OF_REACH
    }
  }

  /** The buffer has a result and asks what to do with it. */
  record Offered(
      LeaseId lease, Set<PolicyVersion> versions, ActorRef<GroupDispatch.Verdict> replyTo)
      implements Command {
    Offered {
      versions = Set.copyOf(versions);
    }
  }

  /** The recording has a result that is to be kept; answered when the ledger has it as well. */
  record Recorded(LeaseId lease, Optional<LogPlace> place, ActorRef<GroupDispatch.Verdict> replyTo)
      implements Command {}

  /**
   * The first thing that a buffer says.
   *
   * @param groups what it found in the recording, accepted before the run was left
   */
  record Held(Set<GroupId> groups, ActorRef<StillAccepted> replyTo) implements Command {
    Held {
      groups = Set.copyOf(groups);
    }
  }

  /**
   * The term is open.
   *
   * @param groups those that the buffer holds and that wait for the learner
   * @param numReplaced groups that others took the place of since the last step
   */
  record StillAccepted(Set<GroupId> groups, int numReplaced) {
    StillAccepted {
      groups = Set.copyOf(groups);
    }
  }

  /** A finished group waits for room in the buffer; its worker is not to blame. */
  record StillHeld(LeaseId lease, ActorRef<Awaited> replyTo) implements Command {}

  /** The learner takes no step before this group is there: there has to be room for it. */
  record Awaited(LeaseId lease) {}

  /** A result that may have been accepted could not be recorded. */
  record NotKept(LeaseId lease, String reason) implements Command {}

  /** A result has nothing that could be learned from, ever. */
  record Unusable(LeaseId lease, String reason) implements Command {}

  /** The rewards of a result failed. */
  record Unscored(LeaseId lease, Scoring.Failed why) implements Command {}

  /** The buffer dropped accepted groups because they are too old. */
  record Returned(List<GroupId> groups, String reason) implements Command {}

  /** The buffer dropped an accepted group that there is nothing to learn from. */
  record Filtered(GroupId group, String reason) implements Command {}

  /**
   * The first thing that a learner says.
   *
   * @param version what it holds
   */
  record LearnerHolds(PolicyVersion version, ActorRef<TermOpen> replyTo) implements Command {}

  /**
   * The term is durable: what the learner holds may be published.
   *
   * @param numSkipped steps left out since the last step
   */
  record TermOpen(int numSkipped) {}

  /** The learner is ready for its next step; answered once, when it may take it. */
  record StepWanted(ActorRef<StepAllowed> replyTo) implements Command {}

  /**
   * The learner may take the next batch.
   *
   * @param cancelled groups that were cancelled for their age since the step before
   */
  record StepAllowed(SentBack cancelled) {}

  /** The recording has an optimizer step; answered when the ledger has it as well. */
  record StepTaken(StepCommitted step, ActorRef<Committed> replyTo) implements Command {}

  /** The step is durable: its version may be published. */
  record Committed(PolicyVersion version) {}

  /** The workers were told of a version. */
  record Published(PolicyVersion version) implements Command {}

  private record Durable(long numEvents) implements Command {}

  /** The learner could not take a step with this batch. */
  record StepSkipped(List<GroupId> culprits, List<GroupId> others, String reason)
      implements Command {}

  /** Asks how the run stands. */
  public record GetStatus(ActorRef<RunStatus> replyTo) implements Command {}

  /** Asks for the state of every group. */
  public record GetLedger(ActorRef<RunStatus.Ledger> replyTo) implements Command {}

  private record LookForExpiredLeases() implements Command {}

  private record StragglersAreDue() implements Command {}

  private record WorkerGone(ActorRef<RolloutWorker.Command> worker) implements Command {}

  /**
   * What a coordinator needs besides the dispatch.
   *
   * @param steps optimizer steps of the run
   * @param stragglerWait how long a step waits for groups that it would make too old
   * @param rewardPatience how long nothing may be scored before the run ends
   * @param blobUrl where workers get the images of the prompts: {@code <blobUrl>/<sha256>}
   * @param journal makes the ledger durable
   */
  public record Setup(
      long steps,
      Duration stragglerWait,
      Duration rewardPatience,
      String blobUrl,
      ActorRef<JournalWriter.Command> journal) {}

  private final GroupDispatch dispatch;
  private final Setup setup;
  private final InstantSource clock;
  private final TimerScheduler<Command> timers;
  private final WorkerDemands workers = new WorkerDemands();
  private final DurableAnswers answers;
  private SentBack cancelled = SentBack.NONE; // since the last step was allowed
  private Optional<StepWanted> learnerWaits = Optional.empty();
  private Optional<Held> held = Optional.empty();
  private Optional<LearnerHolds> learner = Optional.empty();
  private boolean isTermDurable;
  private Instant grantAgainAt = Instant.MIN;

  private RunCoordinator(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Function<Consumer<LedgerEvent>, GroupDispatch> dispatch,
      Setup setup,
      InstantSource clock) {
    super(context);
    this.timers = timers;
    this.setup = setup;
    this.clock = clock;
    this.answers =
        new DurableAnswers(
            setup.journal(),
            context.messageAdapter(
                JournalWriter.Durable.class, written -> new Durable(written.numEvents())));
    this.dispatch = dispatch.apply(answers::append);
    timers.startTimerWithFixedDelay(new LookForExpiredLeases(), Duration.ofMillis(500));
  }

  /**
   * A coordinator that grants what its dispatch allows.
   *
   * @param dispatch makes it, from the consumer of its events
   * @param clock times leases, so it must not jump
   */
  public static Behavior<Command> create(
      Function<Consumer<LedgerEvent>, GroupDispatch> dispatch, Setup setup, InstantSource clock) {
    return Behaviors.setup(context ->
        Behaviors.withTimers(
            timers -> new RunCoordinator(context, timers, dispatch, setup, clock)));
  }

  @Override
  public Behavior<Command> onMessage(Command message) {
    switch (message) {
      case Demand demand -> onDemand(demand);
      case Progress progress -> onProgress(progress);
      case Holds holds -> onHolds(holds);
      case GiveBack giveBack -> onGiveBack(giveBack);
      case Offered offered ->
          offered.replyTo().tell(dispatch.offered(offered.lease(), offered.versions()));
      case Recorded(LeaseId lease, Optional<LogPlace> place, var replyTo) -> {
        GroupDispatch.Verdict verdict = dispatch.recorded(lease, place);
        answers.whenDurable(() -> replyTo.tell(verdict));
      }
      case Held holding -> {
        held = Optional.of(holding);
        openTermIfAllAreThere();
      }
      case StillHeld waiting -> onStillHeld(waiting);
      case NotKept(LeaseId lease, String reason) -> dispatch.notKept(lease, reason);
      case Unusable unusable -> dispatch.setAside(unusable.lease(), unusable.reason());
      case Unscored(LeaseId lease, Scoring.Failed why) -> onUnscored(lease, why);
      case Returned returned -> dispatch.outgrown(returned.groups(), returned.reason());
      case Filtered(GroupId group, String reason) -> dispatch.filtered(group, reason);
      case LearnerHolds holding -> {
        learner = Optional.of(holding);
        openTermIfAllAreThere();
      }
      case StepWanted wanted -> learnerWaits = Optional.of(wanted);
      case StepTaken taken -> onStepTaken(taken);
      case Published(PolicyVersion version) -> dispatch.published(version);
      case Durable(long written) -> answers.durable(written);
      case StepSkipped(var culprits, var others, String reason) ->
          dispatch.skipped(culprits, others, reason);
      case LookForExpiredLeases _ -> onLookForExpiredLeases();
      case StragglersAreDue _ -> onStragglersAreDue();
      case WorkerGone gone -> onWorkerGone(gone.worker());
      case GetStatus get -> get.replyTo().tell(workers.status(dispatch, setup.steps()));
      case GetLedger get -> get.replyTo().tell(new RunStatus.Ledger(dispatch.states()));
    }
    grantWhatQuotaAllows();
    allowStepIfNothingHoldsIt();
    return this;
  }

  private void onDemand(Demand demand) {
    if (workers.put(demand)) {
      getContext().watchWith(demand.worker(), new WorkerGone(demand.worker()));
      getContext().getLog().info("rollout worker {} joined", demand.worker().path());
    }
  }

  private void onProgress(Progress progress) {
    boolean wanted =
        dispatch.progress(
            progress.lease(),
            WorkerDemands.nameOf(progress.worker()),
            progress.oldestStep(),
            progress.tokens(),
            clock.instant());
    if (!wanted) {
      progress.worker().tell(new RolloutWorker.Cancel(progress.lease(), "not leased any more"));
    }
  }

  private void onHolds(Holds holds) {
    for (LeaseId lease : holds.leases()) {
      if (dispatch.isWanted(lease)) {
        dispatch.renew(lease, clock.instant());
      } else {
        holds.worker().tell(new RolloutWorker.Cancel(lease, "not wanted any more"));
      }
    }
  }

  private void onStillHeld(StillHeld waiting) {
    LeaseId lease = waiting.lease();
    dispatch.renew(lease, clock.instant());
    if (learnerWaits.isPresent() && dispatch.hasBatch() && dispatch.stragglers().contains(lease)) {
      waiting.replyTo().tell(new Awaited(lease));
    }
  }

  /** While nothing can be scored, groups are not generated faster than it makes sense to try. */
  private void onUnscored(LeaseId lease, Scoring.Failed why) {
    Instant now = clock.instant();
    boolean isOver = dispatch.unscored(lease, why, now, setup.rewardPatience());
    Duration lasting = dispatch.rewardsFailFor(now);
    getContext().getLog().warn("{} could not be scored: {}", lease, why.reason());
    if (isOver) {
      throw new RunFailedException(
          "nothing could be scored for %d s (node.patience), the last was %s"
              .formatted(lasting.toSeconds(), why.reason()));
    }
    if (!why.isOfRow()) {
      long pause =
          Math.clamp(lasting.toMillis(), SHORTEST_PAUSE.toMillis(), LONGEST_PAUSE.toMillis());
      grantAgainAt = now.plusMillis(pause);
    }
  }

  private void onGiveBack(GiveBack giveBack) {
    switch (giveBack.reason()) {
      case LEAVING, OUT_OF_REACH -> {
        workers.wantsNothing(giveBack.worker());
        dispatch.giveBack(giveBack.lease(), giveBack.detail());
      }
      case BAD_PROMPT -> dispatch.setAside(giveBack.lease(), giveBack.detail());
    }
  }

  /**
   * A lease carries the coordinator's term and a version the learner's, so nobody hears of either
   * before the ledger has it on the disk.
   */
  private void openTermIfAllAreThere() {
    if (dispatch.isOpen() || learner.isEmpty() || held.isEmpty()) {
      return;
    }
    Held holding = held.get();
    dispatch.openTerm(learner.get().version(), holding.groups());
    Set<GroupId> accepted =
        holding.groups().stream().filter(dispatch::isAccepted).collect(Collectors.toSet());
    int numReplaced = dispatch.numReplaced();
    int numSkipped = dispatch.numSkipped();
    answers.whenDurable(() -> {
      isTermDurable = true;
      learner.get().replyTo().tell(new TermOpen(numSkipped));
      holding.replyTo().tell(new StillAccepted(accepted, numReplaced));
    });
  }

  private void onStepTaken(StepTaken taken) {
    dispatch.committed(taken.step());
    PolicyVersion version = taken.step().version();
    answers.whenDurable(() -> taken.replyTo().tell(new Committed(version)));
    if (dispatch.step() == setup.steps()) {
      for (LeaseTable.Entry entry : dispatch.allRunning()) {
        dispatch.abandon(entry.id(), "the run is finished");
        workers.cancel(entry.worker(), entry.id(), "the run is finished");
      }
    }
  }

  private void onLookForExpiredLeases() {
    for (LeaseTable.Entry entry : dispatch.expired(clock.instant())) {
      getContext().getLog().warn("{} made no progress at {}", entry.id(), entry.worker());
      dispatch.expire(entry.id(), clock.instant());
    }
  }

  private void onWorkerGone(ActorRef<RolloutWorker.Command> worker) {
    workers.remove(worker);
    int held = dispatch.left(WorkerDemands.nameOf(worker));
    getContext().getLog().warn("rollout worker {} left with {} leases", worker.path(), held);
  }

  private void onStragglersAreDue() {
    String reason = "too slow for the staleness bound";
    for (LeaseTable.Entry straggler : dispatch.stragglers().tooSlow()) {
      cancelled = cancelled.plus(dispatch.stragglers().cancel(straggler, reason));
      workers.cancel(straggler.worker(), straggler.id(), reason);
    }
    for (LeaseTable.Entry awaited : dispatch.stragglers().all()) {
      getContext()
          .getLog()
          .info(
              "step {} waits for {}, which has {} tokens",
              dispatch.step() + 1,
              awaited.id(),
              awaited.tokens());
    }
  }

  private void grantWhatQuotaAllows() {
    boolean goesOn = isTermDurable && !grantAgainAt.isAfter(clock.instant());
    while (goesOn && !answers.isBehind()) {
      goesOn =
          workers.grantRound(
              dispatch,
              clock.instant(),
              lease -> new RolloutWorker.Grant(getContext().getSelf(), lease, setup.blobUrl()));
    }
  }

  private void allowStepIfNothingHoldsIt() {
    if (!isTermDurable || learnerWaits.isEmpty() || !dispatch.hasBatch()) {
      return;
    }
    if (dispatch.stragglers().all().isEmpty()) {
      timers.cancel(StragglersAreDue.class);
      learnerWaits.get().replyTo().tell(new StepAllowed(cancelled));
      cancelled = SentBack.NONE;
      learnerWaits = Optional.empty();
    } else if (!dispatch.stragglers().tooSlow().isEmpty()
        && !timers.isTimerActive(StragglersAreDue.class)) {
      timers.startSingleTimer(
          StragglersAreDue.class, new StragglersAreDue(), setup.stragglerWait());
    }
  }
}
