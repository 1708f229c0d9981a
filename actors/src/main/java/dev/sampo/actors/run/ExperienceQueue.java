package dev.sampo.actors.run;

import dev.sampo.protocol.ScoredGroup;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;

/**
 * Scored groups that wait for the learner, oldest tokens first. A batch is chosen by age and then
 * handed out in group order, so that it does not depend on the order of arrival.
 */
public final class ExperienceQueue {

  /**
   * What the learner gets.
   *
   * @param batch the oldest groups within the bound, in group order; empty if there are too few
   * @param tooOld groups that left because they are over the bound
   * @param useless groups that left because there is nothing to learn from them
   * @param numReplaced how many groups left as useless at this step of the learner so far
   */
  public record Taken(
      List<ScoredGroup> batch, List<ScoredGroup> tooOld, List<Useless> useless, int numReplaced) {
    public Taken {
      batch = List.copyOf(batch);
      tooOld = List.copyOf(tooOld);
      useless = List.copyOf(useless);
    }
  }

  /** A group that another one takes the place of. */
  public record Useless(ScoredGroup group, String reason) {}

  private static final Comparator<ScoredGroup> OLDEST_FIRST =
      Comparator.<ScoredGroup>comparingLong(scored -> scored.group().oldestStep())
          .thenComparing(ScoredGroup::id);

  private final TreeSet<ScoredGroup> groups = new TreeSet<>(OLDEST_FIRST);
  private final StalenessGate gate;
  private final Replacement replacement;
  private OptionalLong replacedAt = OptionalLong.empty(); // the learner's step that is counted for
  private int numReplaced;

  public ExperienceQueue(StalenessGate gate) {
    this(gate, Replacement.NONE);
  }

  /**
   * An empty queue.
   *
   * @param replacement which groups are not handed out
   */
  public ExperienceQueue(StalenessGate gate, Replacement replacement) {
    this.gate = gate;
    this.replacement = replacement;
  }

  /** Groups of the step that is taken first were replaced before the run was left. */
  public void beginWith(int numReplaced) {
    this.numReplaced = numReplaced;
  }

  public void add(ScoredGroup group) {
    groups.add(group);
  }

  public int size() {
    return groups.size();
  }

  /**
   * Removes what is too old at {@code learnerStep} and then, if there are enough, a batch. Groups
   * are replaced when there are enough for a batch, in group order: where those of a batch are all
   * there is, that does not depend on the order of arrival either.
   */
  public Taken take(long learnerStep) {
    List<ScoredGroup> tooOld = new ArrayList<>();
    while (!groups.isEmpty() && gate.isTooOld(groups.first().group().oldestStep(), learnerStep)) {
      tooOld.add(groups.removeFirst());
    }
    if (replacedAt.isPresent() && replacedAt.getAsLong() != learnerStep) {
      numReplaced = 0;
    }
    replacedAt = OptionalLong.of(learnerStep);
    List<ScoredGroup> batch = new ArrayList<>();
    List<Useless> useless = new ArrayList<>();
    if (groups.size() >= gate.groupsPerStep()) {
      fill(batch, useless);
    }
    return new Taken(batch, tooOld, useless, numReplaced);
  }

  /** Leaves the batch empty if there are too few. */
  private void fill(List<ScoredGroup> batch, List<Useless> useless) {
    while (batch.size() < gate.groupsPerStep() && !groups.isEmpty()) {
      for (ScoredGroup group : oldest(gate.groupsPerStep() - batch.size())) {
        Optional<String> reason =
            numReplaced < replacement.maxExtra()
                ? replacement.whyUseless().apply(group)
                : Optional.empty();
        if (reason.isPresent()) {
          numReplaced++;
          useless.add(new Useless(group, reason.get()));
        } else {
          batch.add(group);
        }
      }
    }
    if (batch.size() < gate.groupsPerStep()) {
      groups.addAll(batch);
      batch.clear();
    }
    batch.sort(Comparator.comparing(ScoredGroup::id));
  }

  /** Removes the oldest groups, at most so many; in group order. */
  private List<ScoredGroup> oldest(int count) {
    List<ScoredGroup> oldest = new ArrayList<>();
    while (oldest.size() < count && !groups.isEmpty()) {
      oldest.add(groups.removeFirst());
    }
    oldest.sort(Comparator.comparing(ScoredGroup::id));
    return oldest;
  }
}
