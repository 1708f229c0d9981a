package dev.sampo.actors.run;

import dev.sampo.actors.RunFailedException;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.ledger.LedgerEvent;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The prompts of groups that have not ended. After a restart they are not there, and the rows of
 * the groups that wait are visited again.
 */
final class OpenPrompts {
  private final PromptFeed feed;
  private final GroupLedger ledger;
  private final Consumer<LedgerEvent> journal;
  private final Map<GroupId, Prompt> prompts = new HashMap<>();

  /**
   * No prompts.
   *
   * @param journal told of groups that are opened or cannot be asked; applies it to the ledger
   */
  OpenPrompts(PromptFeed feed, GroupLedger ledger, Consumer<LedgerEvent> journal) {
    this.feed = feed;
    this.ledger = ledger;
    this.journal = journal;
  }

  /**
   * The next group to ask: one that waits, or a new one; its prompt is there then.
   *
   * @param passedOver groups that are kept for somebody else, each with its place in the quota
   * @param heldBack groups that others go before
   * @param quota how many groups may be asked
   */
  Optional<GroupId> next(Predicate<GroupId> passedOver, Predicate<GroupId> heldBack, long quota) {
    GroupId from = new GroupId(0);
    long left = quota;
    while (left > 0) {
      Optional<GroupId> waiting = ledger.firstWaiting(from);
      if (waiting.isPresent() && heldBack.test(waiting.get())) {
        from = new GroupId(waiting.get().value() + 1);
        continue;
      }
      if (waiting.isPresent() && passedOver.test(waiting.get())) {
        from = new GroupId(waiting.get().value() + 1);
        left--;
        continue;
      }
      if (waiting.isPresent() && prompts.containsKey(waiting.get())) {
        return waiting;
      }
      GroupId group = waiting.orElse(ledger.nextGroup());
      switch (feed.visit(group)) {
        case PromptFeed.Visit.Bad(String source, String reason) -> {
          open(group, source);
          journal.accept(new LedgerEvent.GroupSetAside(group, source + ": " + reason));
        }
        case PromptFeed.Visit.Ready(Prompt prompt) -> {
          open(group, prompt.source());
          prompts.put(group, prompt);
        }
      }
    }
    return Optional.empty();
  }

  private void open(GroupId group, String source) {
    if (ledger.state(group).isEmpty()) {
      journal.accept(new LedgerEvent.GroupOpened(group, source));
    }
    Optional<String> recorded = ledger.source(group);
    if (recorded.isPresent() && !recorded.get().equals(source)) {
      throw new RunFailedException(
          "the data has changed since the run began: group %d was asked from %s, which is %s now"
              .formatted(group.value(), recorded.get(), source));
    }
  }

  /** The prompt of the group that {@link #next} gave. */
  Prompt of(GroupId group) {
    return Objects.requireNonNull(prompts.get(group));
  }

  void forget(GroupId group) {
    prompts.remove(group);
  }
}
