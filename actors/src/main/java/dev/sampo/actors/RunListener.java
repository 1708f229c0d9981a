package dev.sampo.actors;

import java.util.List;
import java.util.Optional;

/** Told what happens in a run, on the learner's node. Called from actors: return quickly. */
public interface RunListener {

  /** An optimizer step is durable. */
  void stepFinished(StepReport report);

  /** A recovering learner takes a step again; whether it counts is known after the last one. */
  default void retaking(long step) {}

  /**
   * A recovering learner has taken a step again that the run had taken before, to the same weights,
   * and goes on after it or a later one.
   */
  default void stepRetaken(StepReport report) {}

  /** The steps of the run that were told of, in this process or before. */
  default List<StepReport> steps() {
    return List.of();
  }

  /**
   * A checkpoint follows; what was told of steps is on the disk when this returns, so that no
   * checkpoint is ahead of it.
   */
  default void force() {}

  /**
   * A group was set aside.
   *
   * @param reason names the row and what is wrong with it
   */
  void groupSetAside(String reason);

  /** Something that whoever runs this should know, in one line. */
  void noticed(String line);

  /**
   * The learner waits, or goes on.
   *
   * @param reason why it waits; empty when it goes on
   */
  void paused(Optional<String> reason);
}
