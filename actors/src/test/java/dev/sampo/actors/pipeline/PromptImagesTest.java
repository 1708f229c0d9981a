package dev.sampo.actors.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.sampo.actors.transfer.BlobCache;
import dev.sampo.actors.transfer.FileSource;
import dev.sampo.actors.transfer.TransferException;
import dev.sampo.protocol.ImageRef;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The other node fails as often as the test says, and then has the image. */
class PromptImagesTest {
  private static final ImageRef IMAGE = new ImageRef("0".repeat(64), 84, 84, 1);

  @TempDir private Path folder;
  private final ActorTestKit kit =
      ActorTestKit.create(
          ManualTime.config()
              .withFallback(ConfigFactory.parseString("pekko.actor.provider = local"))
              .withFallback(ConfigFactory.load()));
  private final ManualTime time = ManualTime.get(kit.system());
  private final Queue<Exception> failures = new ArrayDeque<>();

  @AfterEach
  void stop() {
    kit.shutdownTestKit();
  }

  @Test
  void aNodeThatDoesNotAnswerAtFirstIsAskedAgain() {
    failures.add(new ConnectException("not yet"));
    failures.add(new TransferException("answered 503", false));

    CompletableFuture<List<byte[]>> images = fetch();
    time.timePasses(Duration.ofSeconds(1));
    time.timePasses(Duration.ofSeconds(2));

    assertThat(images).isCompletedWithValueMatching(list -> list.getFirst()[0] == 7);
  }

  @Test
  void aNodeThatHasNoSuchImageIsBelievedAtOnce() {
    failures.add(new TransferException("answered 404", true));

    assertThat(fetch()).isCompletedExceptionally();
    assertThat(fetch()).as("asked once").isCompleted();
  }

  @Test
  void aNodeThatDidNotAlwaysAnswerIsOutOfReach() {
    for (int i = 0; i < 4; i++) {
      failures.add(new ConnectException("nobody"));
    }
    failures.add(new TransferException("answered 503", false));

    CompletableFuture<List<byte[]>> images = fetch();
    for (int seconds = 1; seconds <= 8; seconds *= 2) {
      assertThat(images).isNotDone();
      time.timePasses(Duration.ofSeconds(seconds));
    }

    assertThat(images)
        .isCompletedExceptionally()
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .withCauseInstanceOf(PromptImages.OutOfReachException.class)
        .withMessageContaining("is out of reach: answered 503");
  }

  private CompletableFuture<List<byte[]>> fetch() {
    return new PromptImages(kit.system(), new BlobCache(source(), folder, Long.MAX_VALUE))
        .fetch(List.of(IMAGE), "url")
        .toCompletableFuture();
  }

  private FileSource source() {
    return (urls, sha256, target) -> {
      Exception failure = failures.poll();
      return failure == null ? write(target) : CompletableFuture.failedFuture(failure);
    };
  }

  private static CompletionStage<Path> write(Path target) {
    try {
      return CompletableFuture.completedFuture(Files.write(target, new byte[] {7}));
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }
}
