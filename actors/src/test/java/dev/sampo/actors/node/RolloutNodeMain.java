package dev.sampo.actors.node;

import com.typesafe.config.ConfigFactory;
import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** A rollout node in a JVM of its own; arguments: address to join, scratch folder. */
public final class RolloutNodeMain {
  private RolloutNodeMain() {}

  public static void main(String[] arguments) {
    RolloutPart part =
        new RolloutPart(
            () -> new CountingModel.FakeGenerator(3), Path.of(arguments[1]), 1 << 20, Map::of);
    SampoNode node =
        SampoNode.start(
            new NodeAddress("127.0.0.1", 0, 0, Optional.of(arguments[0]), Duration.ofSeconds(60)),
            new NodeParts(Optional.empty(), Optional.of(part), Optional.empty()),
            new Silence(),
            ConfigFactory.empty());
    node.terminated().toCompletableFuture().join();
  }

  private static final class Silence implements RunListener {
    @Override
    public void stepFinished(StepReport report) {}

    @Override
    public void groupSetAside(String reason) {}

    @Override
    public void noticed(String line) {}

    @Override
    public void paused(Optional<String> reason) {}
  }
}
