package dev.sampo.actors.engine;

import dev.sampo.actors.run.GroupLedger;
import dev.sampo.protocol.log.RecordingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** What whoever goes on with a run can do where its recording is not as it was written. */
final class DamagedRecording {
  private DamagedRecording() {}

  /**
   * Does what reads the recording of a run.
   *
   * @param recording its folder
   * @throws ReplayException that says what is damaged, and the way out
   */
  static <T> T orWayOut(Path recording, RunStart start, Supplier<T> reading) {
    try {
      return reading.get();
    } catch (RecordingException e) {
      throw e.isDamage()
          ? new ReplayException(e.getMessage() + "; " + wayOut(recording, start), e)
          : e;
    }
  }

  /** What may be moved away, and what is lost by it. */
  static String wayOut(Path recording, RunStart start) {
    GroupLedger groups = start.ledger().groups();
    long from = start.step();
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
            start.checkpoint().map(Path::toString).orElse("its beginning"),
            String.join(", ", lost));
  }
}
