package dev.sampo.learner.optimizer;

/**
 * Learning rates of a run: linear warm-up, a plateau at the peak, then a decay over the last part
 * of the run.
 *
 * @param shape how it decays
 * @param peak the learning rate after the warm-up
 * @param warmUpSteps step {@code i} of these, counted from 0, has {@code peak (i + 1) /
 *     warmUpSteps}, so that no step is wasted on a learning rate of 0
 * @param totalSteps steps of the run
 * @param decaySteps the decay covers the last steps of the run, this many
 * @param floor share of the peak that is left at the end
 */
public record LearningRateSchedule(
    ScheduleShape shape,
    double peak,
    long warmUpSteps,
    long totalSteps,
    long decaySteps,
    double floor) {
  public LearningRateSchedule {
    if (!(peak > 0) || warmUpSteps < 0 || totalSteps < 0 || decaySteps < 0) {
      throw new IllegalArgumentException(
          "a schedule has a peak > 0 and numbers of steps >= 0, got %s, %d, %d, %d"
              .formatted(peak, warmUpSteps, totalSteps, decaySteps));
    }
    if (!(floor >= 0 && floor <= 1)) {
      throw new IllegalArgumentException("the floor is a share in [0, 1], got " + floor);
    }
  }

  /** Decays to 0 over everything that follows the warm-up, as Transformers does. */
  public static LearningRateSchedule over(
      ScheduleShape shape, double peak, long warmUpSteps, long totalSteps) {
    return new LearningRateSchedule(
        shape, peak, warmUpSteps, totalSteps, Math.max(totalSteps - warmUpSteps, 0), 0);
  }

  /**
   * Steps of a warm-up: the longer of a number of steps and a share of the run, rounded up as
   * Transformers does.
   */
  public static long warmUp(long steps, double share, long totalSteps) {
    return Math.max(steps, (long) Math.ceil(share * totalSteps));
  }

  /** The learning rate of a step, counted from 0. */
  public double at(long step) {
    if (step < warmUpSteps) {
      return peak * (step + 1) / warmUpSteps;
    }
    long decayed = step - (totalSteps - decaySteps);
    if (decayed <= 0 || decaySteps == 0) {
      return peak;
    }
    double progress = Math.min(1, (double) decayed / decaySteps);
    double left =
        switch (shape) {
          case CONSTANT -> 1;
          case LINEAR -> 1 - progress;
          case COSINE -> (1 + Math.cos(Math.PI * progress)) / 2;
        };
    double share = shape == ScheduleShape.CONSTANT ? 1 : floor + (1 - floor) * left;
    return peak * share;
  }
}
