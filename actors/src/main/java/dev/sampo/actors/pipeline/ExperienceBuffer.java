package dev.sampo.actors.pipeline;

import dev.sampo.actors.CrossesNodes;
import dev.sampo.actors.run.ExperienceQueue;
import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.Scoring;
import dev.sampo.actors.run.SentBack;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.ledger.LogPlace;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;

/**
 * Scored groups between rollout workers and the learner, on the learner's node. Bounded: an offer
 * beyond the capacity is answered {@link Busy}, the worker keeps the group and its lease, and so
 * decoding stops when the learner does. Only a group that the learner waits for has room always.
 *
 * <p>Edges. <i>Offer</i>: answered when the coordinator has judged the group, the recording has it
 * and then the ledger, so that an accepted group is never lost; put off until the term is open.
 * <i>Batch</i>: the learner waits until there are enough groups within the bound; unblocked by an
 * offer.
 */
public final class ExperienceBuffer extends AbstractMatchingBehavior<ExperienceBuffer.Command> {
  /** Where rollout workers find the buffer. */
  public static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "experience");

  private static final Duration PATIENCE_WITH_NEIGHBOURS = Duration.ofSeconds(30);

  /** What the buffer understands. */
  public sealed interface Command {}

  /** A scored group for the learner. Repeating an offer is harmless. */
  public record Offer(ScoredGroup group, ActorRef<Answer> replyTo)
      implements Command, CrossesNodes {}

  /** What becomes of an offer. */
  public sealed interface Answer extends CrossesNodes {
    LeaseId lease();
  }

  /** The group is recorded and will be learned from unless it grows too old. */
  public record Accepted(LeaseId lease) implements Answer {}

  /** There is no room; offer again after a while. */
  public record Busy(LeaseId lease, Duration retryAfter) implements Answer {}

  /** The group is not wanted and never will be. */
  public record Discarded(LeaseId lease, String reason) implements Answer {}

  /** The learner wants the next batch at its current step; answered once. */
  record Take(long learnerStep, ActorRef<Learner.Command> replyTo) implements Command {}

  /** Asks how full the buffer is. */
  public record GetDepth(ActorRef<Depth> replyTo) implements Command {}

  /**
   * How full the buffer is.
   *
   * @param groups groups in it
   * @param capacity most groups it takes
   */
  public record Depth(int groups, int capacity) {}

  private record Judged(Offer offer, GroupDispatch.Verdict verdict) implements Command {}

  private record Kept(Offer offer, Optional<LogPlace> place) implements Command {}

  private record Refused(Offer offer, String reason) implements Command {}

  private record Settled(Offer offer, GroupDispatch.Verdict verdict) implements Command {}

  private record TermOpened(Set<GroupId> accepted, int numReplaced) implements Command {}

  private record LearnerNeeds(LeaseId lease) implements Command {}

  private record Unanswered(Offer offer, String reason) implements Command {}

  /**
   * What the buffer talks to.
   *
   * @param capacity most groups, those being judged included
   * @param retryAfter when a worker may offer again that found no room
   * @param coordinator judges every offer
   * @param recorder records what is to be accepted
   */
  public record Setup(
      int capacity,
      Duration retryAfter,
      ActorRef<RunCoordinator.Command> coordinator,
      ActorRef<Recorder.Command> recorder) {}

  private final Setup setup;
  private final ExperienceQueue queue;
  private final Set<LeaseId> pending = new HashSet<>();
  private final Set<LeaseId> kept = new HashSet<>();
  private final Set<LeaseId> learning = new HashSet<>(); // of the batch that the learner has
  private final Set<LeaseId> awaited = new HashSet<>(); // by the learner; there is room for them
  private final ActorRef<RunCoordinator.Awaited> onAwaited;
  private final List<ScoredGroup> restored;
  private SentBack sentBack = SentBack.NONE; // since the batch before
  private Optional<Take> learnerWaits = Optional.empty();
  private boolean isTermOpen;

  private ExperienceBuffer(
      ActorContext<Command> context,
      Setup setup,
      ExperienceQueue queue,
      List<ScoredGroup> restored) {
    super(context);
    this.setup = setup;
    this.queue = queue;
    this.restored = restored;
    this.onAwaited =
        context.messageAdapter(
            RunCoordinator.Awaited.class, needed -> new LearnerNeeds(needed.lease()));
    ActorRef<RunCoordinator.StillAccepted> opened =
        context.messageAdapter(
            RunCoordinator.StillAccepted.class,
            still -> new TermOpened(still.groups(), still.numReplaced()));
    setup
        .coordinator()
        .tell(
            new RunCoordinator.Held(
                restored.stream().map(ScoredGroup::id).collect(Collectors.toSet()), opened));
  }

  /**
   * A buffer.
   *
   * @param queue empty
   * @param restored groups that were accepted before the run was left; those that the coordinator
   *     still wants go into the queue when it opens the term
   */
  public static Behavior<Command> create(
      Setup setup, ExperienceQueue queue, List<ScoredGroup> restored) {
    return Behaviors.setup(
        context -> new ExperienceBuffer(context, setup, queue, List.copyOf(restored)));
  }

  @Override
  public Behavior<Command> onMessage(Command message) {
    switch (message) {
      case Offer offer -> onOffer(offer);
      case Judged(Offer offer, GroupDispatch.Verdict verdict) -> onJudged(offer, verdict);
      case Kept(Offer offer, Optional<LogPlace> place) -> onKept(offer, place);
      case Refused(Offer offer, String reason) -> {
        pending.remove(leaseOf(offer));
        discard(offer, reason);
      }
      case Settled(Offer offer, GroupDispatch.Verdict verdict) -> onSettled(offer, verdict);
      case TermOpened(Set<GroupId> accepted, int numReplaced) ->
          onTermOpened(accepted, numReplaced);
      case LearnerNeeds(LeaseId lease) -> awaited.add(lease);
      case Unanswered(Offer offer, String reason) -> onUnanswered(offer, reason);
      case Take take -> {
        learning.clear(); // the coordinator knows what became of them before it allows a step
        learnerWaits = Optional.of(take);
      }
      case GetDepth get -> get.replyTo().tell(new Depth(queue.size(), setup.capacity()));
    }
    serveLearner();
    return this;
  }

  private void onOffer(Offer offer) {
    LeaseId lease = leaseOf(offer);
    if (kept.contains(lease) || learning.contains(lease)) {
      offer.replyTo().tell(new Accepted(lease));
      return;
    }
    if (!isTermOpen || pending.contains(lease) || (isFull() && !awaited.contains(lease))) {
      setup.coordinator().tell(new RunCoordinator.StillHeld(lease, onAwaited));
      offer.replyTo().tell(new Busy(lease, setup.retryAfter()));
      return;
    }
    switch (Scoring.of(offer.group())) {
      case Scoring.Usable _ -> askForVerdict(offer);
      case Scoring.Unscorable(String reason) -> discard(offer, reason);
      case Scoring.Failed failed -> {
        setup.coordinator().tell(new RunCoordinator.Unscored(lease, failed));
        offer.replyTo().tell(new Discarded(lease, failed.reason()));
      }
    }
  }

  private void askForVerdict(Offer offer) {
    LeaseId lease = leaseOf(offer);
    awaited.remove(lease);
    pending.add(lease);
    askNeighbour(
        offer,
        setup.coordinator(),
        (ActorRef<GroupDispatch.Verdict> replyTo) ->
            new RunCoordinator.Offered(lease, offer.group().group().versions(), replyTo),
        verdict -> new Judged(offer, verdict));
  }

  private boolean isFull() {
    return queue.size() + pending.size() >= setup.capacity();
  }

  /** Of no use, now and ever. */
  private void discard(Offer offer, String reason) {
    setup.coordinator().tell(new RunCoordinator.Unusable(leaseOf(offer), reason));
    offer.replyTo().tell(new Discarded(leaseOf(offer), reason));
  }

  private void onJudged(Offer offer, GroupDispatch.Verdict verdict) {
    switch (verdict) {
      case GroupDispatch.Verdict.Keep _ ->
          askNeighbour(
              offer,
              setup.recorder(),
              (ActorRef<Recorder.Answer> replyTo) -> new Recorder.KeepGroup(offer.group(), replyTo),
              answer ->
                  switch (answer) {
                    case Recorder.Done(var place) -> new Kept(offer, place);
                    case Recorder.Refused(String reason) -> new Refused(offer, reason);
                  });
      case GroupDispatch.Verdict.TooOld(String reason) -> {
        pending.remove(leaseOf(offer));
        sendBack(offer, reason);
      }
      case GroupDispatch.Verdict.Discard(String reason) -> {
        pending.remove(leaseOf(offer));
        offer.replyTo().tell(new Discarded(leaseOf(offer), reason));
      }
    }
  }

  private void onKept(Offer offer, Optional<LogPlace> place) {
    askNeighbour(
        offer,
        setup.coordinator(),
        (ActorRef<GroupDispatch.Verdict> replyTo) ->
            new RunCoordinator.Recorded(leaseOf(offer), place, replyTo),
        verdict -> new Settled(offer, verdict));
  }

  private void onSettled(Offer offer, GroupDispatch.Verdict verdict) {
    LeaseId lease = leaseOf(offer);
    pending.remove(lease);
    switch (verdict) {
      case GroupDispatch.Verdict.Keep _ -> {
        keep(offer.group());
        offer.replyTo().tell(new Accepted(lease));
      }
      case GroupDispatch.Verdict.TooOld(String reason) -> sendBack(offer, reason);
      case GroupDispatch.Verdict.Discard(String reason) ->
          offer.replyTo().tell(new Discarded(lease, reason));
    }
  }

  private void sendBack(Offer offer, String reason) {
    sentBack = sentBack.plus(SentBack.finished(offer.group().group()));
    offer.replyTo().tell(new Discarded(leaseOf(offer), reason));
  }

  private void keep(ScoredGroup group) {
    kept.add(group.group().lease());
    queue.add(group);
  }

  private void onTermOpened(Set<GroupId> accepted, int numReplaced) {
    isTermOpen = true;
    queue.beginWith(numReplaced);
    restored.stream().filter(group -> accepted.contains(group.id())).forEach(this::keep);
  }

  private void onUnanswered(Offer offer, String reason) {
    pending.remove(leaseOf(offer));
    getContext().getLog().error("{} could not be kept: {}", leaseOf(offer), reason);
    setup.coordinator().tell(new RunCoordinator.NotKept(leaseOf(offer), reason));
    offer.replyTo().tell(new Busy(leaseOf(offer), setup.retryAfter()));
  }

  private void serveLearner() {
    if (learnerWaits.isEmpty()) {
      return;
    }
    Take take = learnerWaits.get();
    ExperienceQueue.Taken taken = queue.take(take.learnerStep());
    if (!taken.tooOld().isEmpty()) {
      forget(taken.tooOld());
      List<GroupId> ids = taken.tooOld().stream().map(ScoredGroup::id).toList();
      String reason = "too old for step " + take.learnerStep();
      setup.coordinator().tell(new RunCoordinator.Returned(ids, reason));
      for (ScoredGroup group : taken.tooOld()) {
        sentBack = sentBack.plus(SentBack.finished(group.group()));
      }
    }
    for (ExperienceQueue.Useless useless : taken.useless()) {
      forget(List.of(useless.group()));
      setup.coordinator().tell(new RunCoordinator.Filtered(useless.group().id(), useless.reason()));
    }
    if (!taken.batch().isEmpty()) {
      forget(taken.batch());
      taken.batch().forEach(group -> learning.add(group.group().lease()));
      learnerWaits = Optional.empty();
      take.replyTo().tell(new Learner.Batch(taken.batch(), taken.numReplaced(), sentBack));
      sentBack = SentBack.NONE;
    }
  }

  private void forget(List<ScoredGroup> groups) {
    groups.forEach(group -> kept.remove(group.group().lease()));
  }

  private <M, A> void askNeighbour(
      Offer offer,
      ActorRef<M> neighbour,
      Function<ActorRef<A>, M> question,
      Function<A, Command> onAnswer) {
    getContext()
        .pipeToSelf(
            Asking.ask(getContext().getSystem(), neighbour, question, PATIENCE_WITH_NEIGHBOURS),
            (answer, failure) ->
                answer != null
                    ? onAnswer.apply(answer)
                    : new Unanswered(offer, String.valueOf(failure)));
  }

  private static LeaseId leaseOf(Offer offer) {
    return offer.group().group().lease();
  }
}
