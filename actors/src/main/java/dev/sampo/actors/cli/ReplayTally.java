package dev.sampo.actors.cli;

import dev.sampo.actors.engine.ReplayedStep;
import dev.sampo.actors.pipeline.Trainer;
import java.util.Locale;
import java.util.Map;

/** What a replay has come to so far; kept in its checkpoints. */
final class ReplayTally {
  private static final String LAST = "recorded_step";
  private static final String STEPS = "recorded_steps";
  private static final String SKIPPED = "skipped_since_taken";
  private static final String EQUAL = "equal_steps";
  private static final String UNEQUAL = "first_unequal_step";
  private static final String COMPARED = "compared_losses";
  private static final String DIFFERENCE = "loss_difference";

  private long last;
  private long steps;
  private int skipped;
  private long equal;
  private long firstUnequal; // 0 where there is none
  private long compared;
  private double difference;

  private ReplayTally() {}

  /**
   * What a checkpoint keeps.
   *
   * @param progress empty at the beginning
   */
  static ReplayTally of(Map<String, String> progress) {
    ReplayTally tally = new ReplayTally();
    tally.steps = Long.parseLong(progress.getOrDefault(STEPS, "0"));
    tally.last = Long.parseLong(progress.getOrDefault(LAST, Long.toString(tally.steps)));
    tally.skipped = Integer.parseInt(progress.getOrDefault(SKIPPED, "0"));
    tally.equal = Long.parseLong(progress.getOrDefault(EQUAL, "0"));
    tally.firstUnequal = Long.parseLong(progress.getOrDefault(UNEQUAL, "0"));
    tally.compared = Long.parseLong(progress.getOrDefault(COMPARED, "0"));
    tally.difference = Double.parseDouble(progress.getOrDefault(DIFFERENCE, "0"));
    return tally;
  }

  void add(ReplayedStep step) {
    last = step.recorded().version().step();
    steps++;
    skipped = step.update() instanceof Trainer.Update.Skipped ? skipped + 1 : 0;
    if (step.isBitwiseEqual()) {
      equal++;
    } else if (firstUnequal == 0) {
      firstUnequal = last;
    }
    step.lossDifference()
        .ifPresent(each -> {
          compared++;
          difference = Math.max(difference, each);
        });
  }

  /** Number of the last recorded step that was taken; 0 before the first. */
  long last() {
    return last;
  }

  /** Steps taken. */
  long steps() {
    return steps;
  }

  /** Steps that were left out since one was not. */
  int skipped() {
    return skipped;
  }

  Map<String, String> progress() {
    return Map.of(
        LAST, Long.toString(last),
        STEPS, Long.toString(steps),
        SKIPPED, Integer.toString(skipped),
        EQUAL, Long.toString(equal),
        UNEQUAL, Long.toString(firstUnequal),
        COMPARED, Long.toString(compared),
        DIFFERENCE, Double.toString(difference));
  }

  /**
   * One line for the user.
   *
   * @param isTrained whether the recording has weights to compare with
   */
  String line(boolean isTrained) {
    if (!isTrained) {
      return "%d steps".formatted(steps);
    }
    String bits = "%d steps, %d of them equal to the recorded bit for bit".formatted(steps, equal);
    if (firstUnequal > 0) {
      bits += ", the first that is not is step " + firstUnequal;
    }
    return compared == 0
        ? bits
        : String.format(Locale.ROOT, "%s; losses differ by at most %s", bits, shown(difference));
  }

  private static String shown(double difference) {
    return difference == 0 ? "0" : String.format(Locale.ROOT, "%.1e", difference);
  }
}
