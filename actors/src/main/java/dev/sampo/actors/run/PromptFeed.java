package dev.sampo.actors.run;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.Prompt;

/** Where the prompts of a run come from, over all epochs. */
@FunctionalInterface
public interface PromptFeed {

  /** One row of the data set, whether it can be asked or not. */
  sealed interface Visit {

    /** The row is a prompt. */
    record Ready(Prompt prompt) implements Visit {}

    /**
     * The row cannot be asked.
     *
     * @param source where it is, {@code file:line}
     * @param reason what is wrong with it
     */
    record Bad(String source, String reason) implements Visit {}
  }

  /**
   * Makes a visit, or the same one again: the row depends on the group's id alone, the ordinal of
   * the visit.
   */
  Visit visit(GroupId group);
}
