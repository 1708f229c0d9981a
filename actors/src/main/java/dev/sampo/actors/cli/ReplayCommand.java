package dev.sampo.actors.cli;

import dev.sampo.actors.engine.NodeAssembly;
import dev.sampo.actors.engine.PolicyTrainer;
import dev.sampo.actors.engine.Replay;
import dev.sampo.actors.engine.ReplayedStep;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.RunConfig;
import dev.sampo.protocol.log.Recording;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sampo replay LOG [CONF]}. */
@Command(
    name = "replay",
    description = {
      "Train again from a recording, in place of rollout and reward workers.",
      "On the machine that recorded it every step ends in the same bits."
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class ReplayCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "LOG",
      description = "Folder of the recording (rollouts/ of a run).")
  private Path folder;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "CONF",
      description = "Configuration to train with (default: the recorded one).")
  private Optional<Path> file = Optional.empty();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder to make for checkpoints and weights.")
  private Path out;

  @Mixin private ConfigArguments arguments;

  @Override
  public Integer call() {
    Recording recording = Recording.open(folder);
    LoadedConfig loaded =
        file.isPresent()
            ? arguments.read(file)
            : arguments.readRecorded(recording.manifest().config(), folder);
    RunConfig config = loaded.settings();
    Preflight.checkModel(config.model());
    RunFolder target = RunFolder.create(out);
    target.writeConfig(loaded.render());
    AtomicLong numSteps = new AtomicLong();
    AtomicLong numEqual = new AtomicLong();
    try (RunLog _ = RunLog.to(target.log());
        CommandProgress progress =
            new CommandProgress("replay", config.run().steps(), spec.commandLine().getOut());
        PolicyTrainer trainer =
            NodeAssembly.trainer(
                config, image -> Optional.of(recording.image(image.sha256())), target.path())) {
      Replay.run(
          recording,
          trainer,
          step -> {
            progress.to(numSteps.incrementAndGet());
            numEqual.addAndGet(count(step));
          });
    }
    spec.commandLine()
        .getOut()
        .printf(
            "%d steps, %d of them equal to the recorded bit for bit%n",
            numSteps.get(), numEqual.get());
    return CommandLine.ExitCode.OK;
  }

  private static int count(ReplayedStep step) {
    return step.isBitwiseEqual() ? 1 : 0;
  }
}
