package dev.sampo.actors.pipeline;

import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.log.RecordingWriter;
import dev.sampo.tasks.data.BlobStore;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.Signal;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Writes accepted groups, their images and the committed steps; runs on a dispatcher for blocking
 * work. A step is on the disk, with everything before it, when it is answered. Without a recording
 * every message is answered at once.
 */
public final class Recorder extends AbstractMatchingBehavior<Recorder.Command> {

  /** What the recorder understands. */
  public sealed interface Command {}

  /** Append a group and store its images. */
  record KeepGroup(ScoredGroup group, ActorRef<Done> replyTo) implements Command {}

  /**
   * Append a step and return when it is durable.
   *
   * @param loss of the step; empty if nothing was trained on
   */
  record KeepStep(StepCommitted step, OptionalDouble loss, ActorRef<Done> replyTo)
      implements Command {}

  /** It is written. */
  record Done() {}

  private final Optional<RecordingWriter> recording;
  private final BlobStore images;

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
      case KeepGroup(ScoredGroup group, ActorRef<Done> replyTo) -> {
        recording.ifPresent(writer -> keep(writer, group));
        replyTo.tell(new Done());
      }
      case KeepStep(StepCommitted step, OptionalDouble loss, ActorRef<Done> replyTo) -> {
        recording.ifPresent(writer -> {
          writer.append(step, loss);
          writer.sync();
        });
        replyTo.tell(new Done());
      }
    }
    return this;
  }

  private void keep(RecordingWriter writer, ScoredGroup group) {
    for (ImageRef image : group.group().prompt().images()) {
      if (!writer.has(image)) {
        byte[] bytes =
            images
                .find(image.sha256())
                .orElseThrow(
                    () -> new IllegalStateException("image " + image.sha256() + " has gone"));
        writer.store(image, bytes);
      }
    }
    writer.append(group);
  }

  @Override
  public Behavior<Command> onSignal(Signal signal) {
    if (signal instanceof PostStop) {
      recording.ifPresent(RecordingWriter::close);
    }
    return this;
  }
}
