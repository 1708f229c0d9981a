package dev.sampo.vlm.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class NativeThreadsTest {

  @Test
  void everyThreadKeepsItsOwnCount() throws InterruptedException, ExecutionException {
    try (ExecutorService rollout = Executors.newSingleThreadExecutor();
        ExecutorService learner = Executors.newSingleThreadExecutor()) {
      rollout.submit(() -> NativeThreads.use(1)).get();
      learner.submit(() -> NativeThreads.use(2)).get();

      assertThat(rollout.submit(NativeThreads::inUse).get()).isEqualTo(1);
      assertThat(learner.submit(NativeThreads::inUse).get()).isEqualTo(2);
    }
  }
}
