package dev.sampo.actors.engine;

import dev.sampo.protocol.log.RecordedStep;
import dev.sampo.protocol.log.RecordedSteps;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingStart;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Which steps of a recording are taken again, and how.
 *
 * @param recording the recording
 * @param steps its steps
 * @param first number of the first step to take
 * @param last number of the last one
 * @param isPackedAnew whether the learner divides the groups of a step itself, as it has to under
 *     other settings than the recorded; the same settings give the same division
 */
public record ReplayPlan(
    Recording recording, RecordedSteps steps, long first, long last, boolean isPackedAnew) {

  /**
   * Plans to take steps again under the settings that they were recorded with.
   *
   * @param from number of the first one; empty for the first there is
   * @param to number of the last one; empty for the last there is
   * @throws ReplayException if the recording does not have them
   */
  public static ReplayPlan of(Recording recording, OptionalLong from, OptionalLong to) {
    RecordedSteps steps = recording.steps();
    if (steps.isEmpty()) {
      throw new ReplayException("the recording has no step to take again");
    }
    long first = from.orElse(steps.first());
    long last = to.orElse(steps.last());
    if (first < steps.first()) {
      throw new ReplayException(
          "the recording begins with step %d: a replay from there needs --checkpoint, the checkpoint of step %d of the recorded run"
              .formatted(steps.first(), steps.first() - 1));
    }
    if (last > steps.last() || first > last) {
      throw new ReplayException(
          "steps %d to %d are asked for, the recording has %d to %d"
              .formatted(first, last, steps.first(), steps.last()));
    }
    return new ReplayPlan(recording, steps, first, last, false);
  }

  /** The same steps, divided by the learner itself. */
  public ReplayPlan packedAnew() {
    return new ReplayPlan(recording, steps, first, last, true);
  }

  /** The same from a later step on; nothing is left if that is after the last. */
  public ReplayPlan after(long number) {
    return new ReplayPlan(recording, steps, Math.max(first, number + 1), last, isPackedAnew);
  }

  /** The same with no step after {@code number}. */
  public ReplayPlan upTo(long number) {
    return new ReplayPlan(recording, steps, first, Math.min(last, number), isPackedAnew);
  }

  /** Whether there is nothing to take. */
  public boolean isEmpty() {
    return first > last;
  }

  /**
   * Checks that weights are those that the first step was taken from.
   *
   * @param weightsHash SHA-256 of the weights
   * @throws ReplayException if they are others
   */
  public void requireStart(String weightsHash) {
    RecordingStart start = recording.start();
    Optional<String> before =
        first == start.step() + 1
            ? Optional.of(start.weightsHash())
            : steps.step(first - 1).map(step -> step.version().weightsHash());
    before
        .filter(hash -> !hash.equals(weightsHash))
        .ifPresent(hash -> {
          throw new ReplayException(
              "step %d of the recording starts from weights with SHA-256 %s, these have %s"
                  .formatted(first, hash, weightsHash));
        });
  }

  /** The steps with their groups, read as the stream advances; the caller closes it. */
  Stream<RecordedStep> read() {
    return steps.read(first, last);
  }
}
