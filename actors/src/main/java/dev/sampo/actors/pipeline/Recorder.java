package dev.sampo.actors.pipeline;

import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LogPlace;
import dev.sampo.protocol.log.RecordingWriter;
import dev.sampo.tasks.data.BlobStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.Signal;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Writes groups that are to be kept, their images and the steps; runs on a thread that may wait for
 * the disk. What is answered is on the disk, with everything before it; what waits is forced to the
 * disk together. Without a recording every message is answered without a place.
 */
public final class Recorder extends AbstractMatchingBehavior<Recorder.Command> {

  /** What the recorder understands. */
  public sealed interface Command {}

  /** Append a group and store its images. */
  record KeepGroup(ScoredGroup group, ActorRef<Answer> replyTo) implements Command {}

  /**
   * Append a step.
   *
   * @param loss of the step; empty if nothing was trained on
   */
  record KeepStep(StepCommitted step, OptionalDouble loss, ActorRef<Answer> replyTo)
      implements Command {}

  private record Sync() implements Command {}

  /** What becomes of it. */
  sealed interface Answer {}

  /**
   * It is on the disk.
   *
   * @param place where; empty without a recording
   */
  record Done(Optional<LogPlace> place) implements Answer {}

  /** A group that can never be recorded, so that nobody could learn from it again. */
  record Refused(String reason) implements Answer {}

  private record Appended(LogPlace place, ActorRef<Answer> replyTo) {}

  private final Optional<RecordingWriter> recording;
  private final BlobStore images;
  private final List<Appended> unsynced = new ArrayList<>();

  private Recorder(
      ActorContext<Command> context, Optional<RecordingWriter> recording, BlobStore images) {
    super(context);
    this.recording = recording;
    this.images = images;
  }

  /**
   * A recorder.
   *
   * @param recording the open recording, closed when the actor stops; empty to record nothing
   * @param images where the images of the prompts are found
   */
  public static Behavior<Command> create(Optional<RecordingWriter> recording, BlobStore images) {
    return Behaviors.setup(context -> new Recorder(context, recording, images));
  }

  @Override
  public Behavior<Command> onMessage(Command message) {
    switch (message) {
      case KeepGroup(ScoredGroup group, ActorRef<Answer> replyTo) -> {
        Optional<String> lost = recording.flatMap(writer -> storeImages(writer, group));
        if (lost.isPresent()) {
          replyTo.tell(new Refused(lost.get()));
        } else {
          append(writer -> writer.append(group), replyTo);
        }
      }
      case KeepStep(StepCommitted step, OptionalDouble loss, ActorRef<Answer> replyTo) ->
          append(writer -> writer.append(step, loss), replyTo);
      case Sync _ -> sync(recording.orElseThrow());
    }
    return this;
  }

  private void sync(RecordingWriter writer) {
    writer.sync();
    unsynced.forEach(done -> done.replyTo().tell(new Done(Optional.of(done.place()))));
    unsynced.clear();
    writer.dropNeedless(); // takes its time, for which nobody has to wait
  }

  private void append(Function<RecordingWriter, LogPlace> entry, ActorRef<Answer> replyTo) {
    if (recording.isEmpty()) {
      replyTo.tell(new Done(Optional.empty()));
      return;
    }
    unsynced.add(new Appended(entry.apply(recording.get()), replyTo));
    if (unsynced.size() == 1) {
      getContext().getSelf().tell(new Sync()); // after what is in the mailbox already
    }
  }

  /** Stores the images of a group; says which is nowhere to be found, if one is. */
  private Optional<String> storeImages(RecordingWriter writer, ScoredGroup group) {
    for (ImageRef image : group.group().prompt().images()) {
      if (!writer.has(image)) {
        Optional<byte[]> bytes = images.find(image.sha256());
        if (bytes.isEmpty()) {
          return Optional.of(
              "%s: image %s has gone".formatted(group.group().prompt().source(), image.sha256()));
        }
        writer.store(image, bytes.get());
      }
    }
    return Optional.empty();
  }

  @Override
  public Behavior<Command> onSignal(Signal signal) {
    if (signal instanceof PostStop) {
      recording.ifPresent(RecordingWriter::close);
    }
    return this;
  }
}
