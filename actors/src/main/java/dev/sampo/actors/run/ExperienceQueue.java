package dev.sampo.actors.run;

import dev.sampo.protocol.ScoredGroup;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
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
   */
  public record Taken(List<ScoredGroup> batch, List<ScoredGroup> tooOld) {
    public Taken {
      batch = List.copyOf(batch);
      tooOld = List.copyOf(tooOld);
    }
  }

  private static final Comparator<ScoredGroup> OLDEST_FIRST =
      Comparator.<ScoredGroup>comparingLong(scored -> scored.group().oldestStep())
          .thenComparing(ScoredGroup::id);

  private final TreeSet<ScoredGroup> groups = new TreeSet<>(OLDEST_FIRST);
  private final StalenessGate gate;

  public ExperienceQueue(StalenessGate gate) {
    this.gate = gate;
  }

  public void add(ScoredGroup group) {
    groups.add(group);
  }

  public int size() {
    return groups.size();
  }

  /** Removes what is too old at {@code learnerStep} and then, if there are enough, a batch. */
  public Taken take(long learnerStep) {
    List<ScoredGroup> tooOld = new ArrayList<>();
    while (!groups.isEmpty() && gate.isTooOld(groups.first().group().oldestStep(), learnerStep)) {
      tooOld.add(groups.removeFirst());
    }
    List<ScoredGroup> batch = new ArrayList<>();
    if (groups.size() >= gate.groupsPerStep()) {
      while (batch.size() < gate.groupsPerStep()) {
        batch.add(groups.removeFirst());
      }
      batch.sort(Comparator.comparing(ScoredGroup::id));
    }
    return new Taken(batch, tooOld);
  }
}
