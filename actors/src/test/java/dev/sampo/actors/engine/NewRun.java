package dev.sampo.actors.engine;

import dev.sampo.actors.journal.RunLedger;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.ResultSettings;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** The start of a run that nobody has begun. */
final class NewRun {
  private NewRun() {}

  /** With a ledger in its folder; whoever is told of a step taken again, or a notice, fails. */
  static RunStart in(LoadedConfig config, Path folder) {
    return new RunStart(
        RunLedger.open(
            config.settings().ledger(),
            folder.resolve("ledger"),
            config.settings().run().id(),
            OptionalLong::empty),
        Optional.empty(),
        ResultSettings.trained(config.settings()),
        step -> {
          throw new AssertionError(step);
        },
        line -> {
          throw new AssertionError(line);
        });
  }
}
