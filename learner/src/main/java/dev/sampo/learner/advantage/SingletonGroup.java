package dev.sampo.learner.advantage;

/** The advantage of the only scored completion of a group, which has nothing to compare with. */
public enum SingletonGroup {
  /** 0: it says nothing. */
  ZERO,
  /** Its score above a baseline of 0, with a deviation of 1 where there is a division (verl). */
  RAW
}
