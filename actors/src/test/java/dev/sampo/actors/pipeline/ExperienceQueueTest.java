package dev.sampo.actors.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.run.ExperienceQueue;
import dev.sampo.actors.run.Replacement;
import dev.sampo.actors.run.StalenessGate;
import dev.sampo.protocol.ScoredGroup;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Groups with even ids are useless. */
class ExperienceQueueTest {
  private static final Replacement TWO =
      new Replacement(
          2, group -> group.id().value() % 2 == 0 ? Optional.of("even") : Optional.empty());

  @Test
  void whatIsUselessLeavesWhenThereAreEnoughForABatch() {
    ExperienceQueue queue = queue(3, 1, 0);
    ExperienceQueue.Taken first = queue.take(0);
    assertThat(ids(first.batch())).as("one is missing now").isEmpty();
    assertThat(first.useless())
        .containsExactly(new ExperienceQueue.Useless(LocalActors.scored(0), "even"));

    queue.add(LocalActors.scored(5));
    ExperienceQueue.Taken second = queue.take(0);
    assertThat(ids(second.batch())).containsExactly(1L, 3L, 5L);
    assertThat(second.useless()).isEmpty();
    assertThat(second.numReplaced()).isEqualTo(1);
    assertThat(queue.size()).isZero();
  }

  @Test
  void whatIsUselessBeyondTheBoundIsHandedOutInWhateverOrderItCame() {
    for (long[] order : new long[][] {{0, 2, 4}, {4, 2, 0}, {2, 4, 0}}) {
      ExperienceQueue queue = queue(order);
      assertThat(ids(queue.take(0).useless().stream().map(u -> u.group()).toList()))
          .containsExactly(0L, 2L);
      queue.add(LocalActors.scored(8));
      assertThat(queue.take(0).batch()).isEmpty();
      queue.add(LocalActors.scored(6));

      ExperienceQueue.Taken taken = queue.take(0);
      assertThat(ids(taken.batch())).containsExactly(4L, 6L, 8L);
      assertThat(taken.numReplaced()).isEqualTo(2);
    }
  }

  @Test
  void everyStepHasABoundOfItsOwnAndMoreThanABatchIsLeftAlone() {
    ExperienceQueue queue = queue(0, 1, 3, 5, 2, 4);

    assertThat(ids(queue.take(0).batch())).containsExactly(1L, 3L, 4L);
    queue.add(LocalActors.scored(7));
    queue.add(LocalActors.scored(6));
    ExperienceQueue.Taken next = queue.take(1);
    assertThat(ids(next.batch())).isEmpty();
    assertThat(next.numReplaced()).isEqualTo(1);
  }

  @Test
  void whatWasReplacedBeforeTheRunWasLeftCountsForTheFirstStepOnly() {
    ExperienceQueue queue = queue(0, 1, 2, 3);
    queue.beginWith(2);

    ExperienceQueue.Taken first = queue.take(1);
    LongStream.of(4, 5, 6, 7).forEach(id -> queue.add(LocalActors.scored(id)));
    queue.take(2);

    assertThat(first.useless()).isEmpty();
    assertThat(first.numReplaced()).isEqualTo(2);
    assertThat(queue.take(2).numReplaced()).isLessThan(2);
  }

  private static ExperienceQueue queue(long... ids) {
    ExperienceQueue queue = new ExperienceQueue(new StalenessGate(1, 3, 10), TWO);
    LongStream.of(ids).forEach(id -> queue.add(LocalActors.scored(id)));
    return queue;
  }

  private static List<Long> ids(List<ScoredGroup> groups) {
    return groups.stream().map(group -> group.id().value()).toList();
  }
}
