package dev.sampo.actors;

/** Told what happens in a run, on the learner's node. Called from actors: return quickly. */
public interface RunListener {

  /** An optimizer step is durable. */
  void stepFinished(StepReport report);

  /**
   * A group was set aside.
   *
   * @param reason names the row and what is wrong with it
   */
  void groupSetAside(String reason);
}
