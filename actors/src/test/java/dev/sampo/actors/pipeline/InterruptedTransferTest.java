package dev.sampo.actors.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.transfer.FileSource;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.protocol.WeightShard;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The connection breaks in the middle of the first file. */
class InterruptedTransferTest {
  @TempDir private Path folder;
  private final ActorTestKit kit = LocalActors.kit();

  @AfterEach
  void stop() {
    kit.shutdownTestKit();
  }

  @Test
  void whatCameOfTheWeightsIsKeptUntilTheRestComesAndThenAllIsDeleted() throws IOException {
    TestProbe<RolloutWorker.Command> worker = kit.createTestProbe();
    TestProbe<WeightPublisher.Command> publisher = kit.createTestProbe();
    TestProbe<WeightBoard.Command> board = kit.createTestProbe();
    Services<WeightPublisher.Command> publishers = new Services<>();
    publishers.update(List.of(publisher.ref()));
    AtomicBoolean broken = new AtomicBoolean(true);
    kit.spawn(
        WeightSubscriber.create(
            worker.ref(),
            publishers,
            board.ref(),
            breakingIf(broken),
            folder.resolve("weights"),
            Optional.empty()));
    ActorRef<WeightPublisher.Announced> ear =
        board.expectMessageClass(WeightBoard.Listen.class).ear();

    ear.tell(snapshot());
    publisher.expectMessageClass(WeightPublisher.SnapshotWanted.class);
    broken.set(false);
    ear.tell(snapshot());

    RolloutWorker.Install install = worker.expectMessageClass(RolloutWorker.Install.class);
    assertThat(install.folder().resolve("shard")).hasContent("first and rest");
    install.replyTo().tell(new WeightSubscriber.Installed(install.delta()));
    worker.awaitAssert(() -> {
      assertThat(folder).isEmptyDirectory();
      return true;
    });
  }

  private static FileSource breakingIf(AtomicBoolean broken) {
    return (urls, sha256, target) -> {
      try {
        Path partial = target.resolveSibling(target.getFileName() + ".partial");
        if (broken.get()) {
          Files.createDirectories(partial.getParent());
          Files.writeString(partial, "first");
          return CompletableFuture.failedFuture(new ConnectException("broken"));
        }
        Files.writeString(target, Files.readString(partial) + " and rest");
        return CompletableFuture.completedFuture(target);
      } catch (IOException e) {
        return CompletableFuture.failedFuture(e);
      }
    };
  }

  private static WeightPublisher.Announced snapshot() {
    PolicyVersion version = new PolicyVersion("run", 1, 3, "hash");
    return new WeightPublisher.Announced(
        new WeightDelta(version, Optional.empty(), List.of(new WeightShard("shard", "hash", 14))),
        List.of("url"));
  }
}
