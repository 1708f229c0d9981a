package dev.sampo.actors.cli;

import dev.sampo.actors.RunListener;
import dev.sampo.actors.StepReport;
import dev.sampo.actors.engine.NodeAssembly;
import dev.sampo.actors.node.LearnerGoneException;
import dev.sampo.actors.node.NodeAddress;
import dev.sampo.actors.node.NodeStoppedException;
import dev.sampo.actors.node.SampoNode;
import dev.sampo.actors.report.RunClaim;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.NodeRole;
import dev.sampo.protocol.PolicyVersion;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code sampo node}. */
@Command(
    name = "node",
    description = {
      "Start one node of a cluster.",
      "The node with the role learner runs the training; all nodes end with it. The others can be"
          + " told to stop before (SIGTERM finishes and delivers what was begun).",
      "When the learner's node is gone before the run is finished, as after a crash, they join"
          + " again and serve the next one."
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class NodeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "CONF",
      description = "The run configuration (HOCON), the same as the learner's.")
  private Optional<Path> file = Optional.empty();

  @Option(
      names = "--role",
      required = true,
      split = ",",
      paramLabel = "ROLE",
      description = "What the node does, comma-separated: learner, reward, rollout.")
  private List<NodeRole> roles;

  @Option(
      names = "--join",
      paramLabel = "HOST:PORT",
      description = "A node of the cluster to join; without it a new cluster is formed.")
  private Optional<String> join = Optional.empty();

  @Option(names = "--host", paramLabel = "HOST", description = "Address of this node.")
  private Optional<String> host = Optional.empty();

  @Option(names = "--port", paramLabel = "PORT", description = "Port of the cluster messages.")
  private Optional<Integer> port = Optional.empty();

  @Option(names = "--http-port", paramLabel = "PORT", description = "Port of images and weights.")
  private Optional<Integer> httpPort = Optional.empty();

  @Mixin private ConfigArguments arguments;

  @Override
  public Integer call() {
    Instant started = Instant.now();
    LoadedConfig loaded = arguments.readForUse(file, assignments());
    PrintWriter out = spec.commandLine().getOut();
    if (loaded.settings().node().has(NodeRole.LEARNER)) {
      Preflight.requireInPlace(loaded);
      Preflight.check(loaded, out);
      try (RunClaim claim = TrainingRun.claim(loaded.settings());
          RunLog _ = RunLog.to(claim.folder().log())) {
        new TrainingRun(loaded, claim, out, started).run();
      }
    } else {
      loaded.requireFiles();
      serve(loaded, out);
    }
    return CommandLine.ExitCode.OK;
  }

  private String[] assignments() {
    List<String> assignments = new ArrayList<>();
    assignments.add(
        roles.stream()
            .map(role -> role.name().toLowerCase(Locale.ROOT))
            .collect(Collectors.joining(",", "node.roles=[", "]")));
    join.ifPresent(seed -> assignments.add("node.join=\"" + seed + "\""));
    host.ifPresent(name -> assignments.add("node.host=\"" + name + "\""));
    port.ifPresent(number -> assignments.add("node.port=" + number));
    httpPort.ifPresent(number -> assignments.add("node.http-port=" + number));
    return assignments.toArray(String[]::new);
  }

  private static void serve(LoadedConfig loaded, PrintWriter out) {
    NodeAddress address = TrainingRun.address(loaded.settings().node());
    try (NodeAssembly assembly = NodeAssembly.of(loaded, temporaryFolder(), Optional.empty())) {
      boolean servesOn = true;
      while (servesOn) {
        try (SampoNode node = SampoNode.start(address, assembly.parts(), quiet(), loaded.pekko())) {
          out.println("node " + node.joinAddress() + ", http " + node.httpUrl());
          servesOn = isLearnerGone(node, out);
        }
      }
    }
  }

  /**
   * Waits for the end of a node; throws when a part of it failed.
   *
   * @return whether it is to be started again, for the next learner; false when the run is finished
   *     or the node was stopped
   */
  private static boolean isLearnerGone(SampoNode node, PrintWriter out) {
    try {
      PolicyVersion last = node.finished().toCompletableFuture().join();
      out.println("the run is finished after step %d, node stops".formatted(last.step()));
      return false;
    } catch (CompletionException e) {
      return switch (e.getCause()) {
        case LearnerGoneException gone -> {
          out.println(gone.getMessage() + ", joining again");
          yield true;
        }
        case NodeStoppedException _ -> {
          out.println("node stopped");
          yield false;
        }
        case null, default -> throw e;
      };
    }
  }

  private static Path temporaryFolder() {
    try {
      return Files.createTempDirectory("sampo-node");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Only the learner's node reports. */
  private static RunListener quiet() {
    return new RunListener() {
      @Override
      public void stepFinished(StepReport step) {
        // the learner's node tells
      }

      @Override
      public void groupSetAside(String reason) {
        // the learner's node tells
      }

      @Override
      public void noticed(String line) {
        // the learner's node tells
      }

      @Override
      public void paused(Optional<String> reason) {
        // the learner's node tells
      }
    };
  }
}
