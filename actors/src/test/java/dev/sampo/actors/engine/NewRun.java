package dev.sampo.actors.engine;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.journal.RunLedger;
import dev.sampo.actors.node.NodeAddress;
import dev.sampo.actors.node.SampoNode;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.ResultSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** A run that nobody has begun. */
final class NewRun {
  private NewRun() {}

  /** Its start, with a ledger in its folder. */
  static RunStart in(LoadedConfig config, Path folder) {
    return new RunStart(
        ledger(config, folder),
        Optional.empty(),
        ResultSettings.trained(config.settings()),
        new UneventfulRun(),
        () -> {});
  }

  /** The ledger in the folder of a run. */
  static RunLedger ledger(LoadedConfig config, Path folder) {
    return RunLedger.open(
        config.settings().ledger(),
        folder.resolve("ledger"),
        config.settings().run().id(),
        OptionalLong::empty,
        line -> {});
  }

  /** Takes all its steps on one node. */
  static void train(LoadedConfig config, Path folder, RunListener listener) throws Exception {
    try (NodeAssembly assembly = NodeAssembly.of(config, folder, Optional.of(in(config, folder)));
        SampoNode node = start(config, assembly, Optional.empty(), listener)) {
      node.finished().toCompletableFuture().get(120, TimeUnit.SECONDS);
    }
  }

  /** Starts a node on this machine. */
  static SampoNode start(
      LoadedConfig config, NodeAssembly assembly, Optional<String> join, RunListener listener) {
    return SampoNode.start(
        new NodeAddress("127.0.0.1", 0, 0, join, Duration.ofSeconds(60)),
        assembly.parts(),
        listener,
        config.pekko());
  }
}
