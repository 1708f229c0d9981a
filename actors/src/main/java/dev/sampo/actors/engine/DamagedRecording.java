package dev.sampo.actors.engine;

import dev.sampo.actors.run.GroupLedger;
import dev.sampo.protocol.log.RecordingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** What whoever goes on with a run can do where its recording is not as it was written. */
final class DamagedRecording {
  private DamagedRecording() {}

  /**
   * Does what reads the recording of a run.
   *
   * @param recording its folder
   * @param groups of the run
   * @param checkpoint what the run goes on from without its recording; empty for its beginning
   * @throws ReplayException that says what is damaged, and the way out
   */
  static <T> T orWayOut(
      Path recording, GroupLedger groups, Optional<Path> checkpoint, Supplier<T> reading) {
    try {
      return reading.get();
    } catch (RecordingException e) {
      throw e.isDamage()
          ? new ReplayException(e.getMessage() + "; " + wayOut(recording, groups, checkpoint), e)
          : e;
    }
  }

  /** What may be moved away, and what is lost by it. */
  static String wayOut(Path recording, GroupLedger groups, Optional<Path> checkpoint) {
    long from = RunStart.step(checkpoint);
    long last = groups.history().step();
    List<String> lost = new ArrayList<>();
    if (last > from) {
      lost.add("steps %d to %d are abandoned and taken anew".formatted(from + 1, last));
    }
    if (groups.counts().accepted() > 0) {
      lost.add("%d finished groups are asked again".formatted(groups.counts().accepted()));
    }
    lost.add("the new recording begins with step %d".formatted(from + 1));
    return "put back what is lost if there is a copy, or move %s to another place: the run then goes on from %s; %s"
        .formatted(
            recording,
            checkpoint.map(Path::toString).orElse("its beginning"),
            String.join(", ", lost));
  }
}
