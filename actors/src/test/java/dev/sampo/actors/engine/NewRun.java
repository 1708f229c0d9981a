package dev.sampo.actors.engine;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.journal.RunLedger;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.ResultSettings;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/** The start of a run that nobody has begun. */
final class NewRun implements RunListener {
  private NewRun() {}

  /** With a ledger in its folder; whoever is told of a step taken again, or a notice, fails. */
  static RunStart in(LoadedConfig config, Path folder) {
    return new RunStart(
        ledger(config, folder),
        Optional.empty(),
        ResultSettings.trained(config.settings()),
        new NewRun());
  }

  /** The ledger in the folder of a run. */
  static RunLedger ledger(LoadedConfig config, Path folder) {
    return RunLedger.open(
        config.settings().ledger(),
        folder.resolve("ledger"),
        config.settings().run().id(),
        OptionalLong::empty);
  }

  @Override
  public void stepFinished(StepReport report) {
    throw new AssertionError(report);
  }

  @Override
  public void stepRetaken(StepReport report) {
    throw new AssertionError(report);
  }

  @Override
  public void groupSetAside(String reason) {
    throw new AssertionError(reason);
  }

  @Override
  public void noticed(String line) {
    throw new AssertionError(line);
  }

  @Override
  public void paused(Optional<String> reason) {
    throw new AssertionError(reason.orElse(""));
  }
}
