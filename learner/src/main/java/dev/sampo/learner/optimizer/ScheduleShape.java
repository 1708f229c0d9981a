package dev.sampo.learner.optimizer;

/** How the learning rate goes on after the warm-up. */
public enum ScheduleShape {
  /** Stays at the peak. */
  CONSTANT,
  /** Falls in a straight line. */
  LINEAR,
  /** Falls along half a cosine. */
  COSINE
}
