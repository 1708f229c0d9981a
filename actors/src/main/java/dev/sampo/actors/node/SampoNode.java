package dev.sampo.actors.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import dev.sampo.actors.RunListener;
import dev.sampo.actors.pipeline.Learner;
import dev.sampo.actors.pipeline.RolloutWorker;
import dev.sampo.actors.pipeline.RunCoordinator;
import dev.sampo.actors.pipeline.RunStatus;
import dev.sampo.actors.pipeline.WaitedTooLongException;
import dev.sampo.protocol.PolicyVersion;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.Done;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.AddressFromURIString;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.cluster.typed.JoinSeedNodes;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.ServerBinding;

/**
 * A running node: an actor system that is a member of the cluster, with an HTTP server. Safe for
 * several threads.
 */
public final class SampoNode implements AutoCloseable {
  private static final String SYSTEM = "sampo";
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration DRAIN = Duration.ofSeconds(55);

  private final ActorSystem<NodeGuardian.Command> system;
  private final CompletableFuture<PolicyVersion> finished;
  private final String httpUrl;

  private SampoNode(
      ActorSystem<NodeGuardian.Command> system,
      CompletableFuture<PolicyVersion> finished,
      String httpUrl) {
    this.system = system;
    this.finished = finished;
    this.httpUrl = httpUrl;
  }

  /**
   * Starts a node, joins or forms the cluster, and begins what its parts do.
   *
   * @param pekko settings that win over the program's; may be empty
   * @throws NodeStartException if a port is taken or an address is not this machine's
   */
  public static SampoNode start(
      NodeAddress address, NodeParts parts, RunListener listener, Config pekko) {
    NodeClocks clocks = new NodeClocks();
    NodeMetrics metrics = new NodeMetrics(listener, clocks);
    CompletableFuture<PolicyVersion> finished = new CompletableFuture<>();
    ActorSystem<NodeGuardian.Command> system =
        startSystem(address, parts, metrics, clocks, finished, pekko);
    try {
      join(system, address);
      ServerBinding http = bindHttp(system, address, parts, metrics);
      String url = "http://" + address.host() + ":" + http.localAddress().getPort();
      whenMember(system, address, () -> system.tell(new NodeGuardian.Begin(url)));
      SampoNode node = new SampoNode(system, finished, url);
      node.drainBeforeLeaving();
      CoordinatedShutdown shutdown = CoordinatedShutdown.get(system);
      system
          .getWhenTerminated()
          .thenRun(() -> finished.completeExceptionally(whyStopped(shutdown, address)));
      return node;
    } catch (NodeStartException e) {
      system.terminate();
      throw e;
    }
  }

  private static ActorSystem<NodeGuardian.Command> startSystem(
      NodeAddress address,
      NodeParts parts,
      NodeMetrics metrics,
      NodeClocks clocks,
      CompletableFuture<PolicyVersion> finished,
      Config pekko) {
    Config config =
        ConfigFactory.parseMap(
                Map.of(
                    "pekko.remote.artery.canonical.hostname", address.host(),
                    "pekko.remote.artery.canonical.port", address.port(),
                    "pekko.cluster.roles", ConfigValueFactory.fromIterable(parts.roles()),
                    "pekko.cluster.shutdown-after-unsuccessful-join-seed-nodes",
                        address.patience().toMillis() + "ms"))
            .withFallback(pekko)
            .withFallback(ConfigFactory.load());
    try {
      return ActorSystem.create(
          NodeGuardian.create(parts, metrics, clocks, finished, address), SYSTEM, config);
    } catch (RuntimeException e) {
      throw cannotBind(address.host(), address.port(), e);
    }
  }

  private static RuntimeException whyStopped(CoordinatedShutdown shutdown, NodeAddress address) {
    CoordinatedShutdown.Reason reason =
        shutdown.getShutdownReason().orElse(CoordinatedShutdown.unknownReason());
    if (reason.equals(CoordinatedShutdown.clusterJoinUnsuccessfulReason())) {
      return new WaitedTooLongException(
          address.patience(),
          "a cluster at %s: is the learner's node up, and is that its address?"
              .formatted(address.join().orElseThrow()));
    }
    return reason.equals(CoordinatedShutdown.clusterDowningReason())
        ? new LearnerGoneException("the cluster has removed this node")
        : new NodeStoppedException();
  }

  private static void join(ActorSystem<?> system, NodeAddress address) {
    Cluster cluster = Cluster.get(system);
    if (address.join().isPresent()) {
      String seed = "pekko://" + SYSTEM + "@" + address.join().get();
      cluster.manager().tell(new JoinSeedNodes(List.of(AddressFromURIString.parse(seed))));
    } else {
      cluster.manager().tell(Join.create(cluster.selfMember().address()));
    }
  }

  /** A node that joins others waits for them before it loads anything. */
  private static void whenMember(ActorSystem<?> system, NodeAddress address, Runnable begin) {
    if (address.join().isPresent()) {
      org.apache.pekko.cluster.Cluster.get(system).registerOnMemberUp(begin);
    } else {
      begin.run();
    }
  }

  private static ServerBinding bindHttp(
      ActorSystem<NodeGuardian.Command> system,
      NodeAddress address,
      NodeParts parts,
      NodeMetrics metrics) {
    NodeServer server =
        new NodeServer(
            new NodeServer.Content(
                () -> Cluster.get(system).selfMember().status().equals(MemberStatus.up()),
                metrics::scrape,
                () -> status(system).thenApply(status -> NodeStatus.json(status, metrics.pause())),
                sha256 -> parts.learner().flatMap(part -> part.images().find(sha256)),
                parts.learner().map(LearnerPart::weights),
                system.dispatchers().lookup(DispatcherSelector.blocking()),
                parts.learner().isPresent(),
                () -> system.tell(new NodeGuardian.Pause()),
                () -> system.tell(new NodeGuardian.Resume())));
    try {
      return Http.get(system)
          .newServerAt(address.host(), address.httpPort())
          .bind(server.route())
          .toCompletableFuture()
          .join();
    } catch (CompletionException e) {
      throw cannotBind(address.host(), address.httpPort(), e);
    }
  }

  /**
   * Checks that a node could listen at an address, before anything is made for it.
   *
   * @throws NodeStartException if it could not
   */
  public static void requireFree(NodeAddress address) {
    for (int port : new int[] {address.port(), address.httpPort()}) {
      try (ServerSocket probe = new ServerSocket()) {
        probe.bind(new InetSocketAddress(address.host(), port));
      } catch (IOException e) {
        throw cannotBind(address.host(), port, e);
      }
    }
  }

  private static NodeStartException cannotBind(String host, int port, Exception cause) {
    return new NodeStartException(
        "cannot listen on %s:%d: the port is in use or the address is not this machine's"
            .formatted(host, port),
        cause);
  }

  private void drainBeforeLeaving() {
    CoordinatedShutdown.get(system)
        .addTask(
            CoordinatedShutdown.PhaseServiceRequestsDone(),
            "drain",
            () ->
                isNobodyToDeliverTo()
                    ? CompletableFuture.completedFuture(Done.getInstance())
                    : AskPattern.<NodeGuardian.Command, RolloutWorker.Drained>ask(
                            system, NodeGuardian.Drain::new, DRAIN, system.scheduler())
                        .handle((drained, failure) -> Done.getInstance()));
    CoordinatedShutdown.get(system)
        .addTask(
            CoordinatedShutdown.PhaseServiceRequestsDone(),
            "checkpoint",
            () ->
                finished.isDone()
                    ? CompletableFuture.completedFuture(Done.getInstance())
                    : AskPattern.<NodeGuardian.Command, Learner.Drained>ask(
                            system, NodeGuardian.DrainLearner::new, DRAIN, system.scheduler())
                        .handle((drained, failure) -> Done.getInstance()));
    CoordinatedShutdown.get(system)
        .addTask(
            CoordinatedShutdown.PhaseServiceStop(),
            "connections",
            () ->
                Http.get(system)
                    .shutdownAllConnectionPools()
                    .thenApply(closed -> Done.getInstance()));
  }

  /** The run is finished, or the learner is gone. */
  private boolean isNobodyToDeliverTo() {
    return switch (finished.state()) {
      case SUCCESS -> true;
      case FAILED -> finished.exceptionNow() instanceof LearnerGoneException;
      case RUNNING, CANCELLED -> false;
    };
  }

  /**
   * Completes with the last version when the run has taken all its steps, or exceptionally: when a
   * part of this node fails; with a {@link LearnerGoneException} when it has to be closed and
   * started again to join the next learner; with a {@link WaitedTooLongException} when its patience
   * is over.
   */
  public CompletionStage<PolicyVersion> finished() {
    return finished.minimalCompletionStage();
  }

  /** Completes when the node has left and everything is stopped. */
  public CompletionStage<Done> terminated() {
    return system.getWhenTerminated();
  }

  /** {@code HOST:PORT} for others to join. */
  public String joinAddress() {
    Address self = Cluster.get(system).selfMember().address();
    return self.getHost().orElseThrow() + ":" + self.getPort().orElseThrow();
  }

  /** The base URL of the node's HTTP server. */
  public String httpUrl() {
    return httpUrl;
  }

  /** Stops the learner of this node after its step; the rest follows when full. */
  public void pause() {
    system.tell(new NodeGuardian.Pause());
  }

  /** Lets the learner of this node go on. */
  public void resume() {
    system.tell(new NodeGuardian.Resume());
  }

  /** The run as the coordinator sees it. */
  public CompletionStage<RunStatus> status() {
    return status(system);
  }

  /** The state of every group; answered on the coordinator's node only. */
  public CompletionStage<RunStatus.Ledger> ledger() {
    return ask(system, RunCoordinator.GetLedger::new);
  }

  private static CompletionStage<RunStatus> status(ActorSystem<NodeGuardian.Command> system) {
    return ask(system, RunCoordinator.GetStatus::new);
  }

  private static <A> CompletionStage<A> ask(
      ActorSystem<NodeGuardian.Command> system,
      Function<ActorRef<A>, RunCoordinator.Command> question) {
    return AskPattern.ask(
        system,
        replyTo -> new NodeGuardian.ToCoordinator(question.apply(replyTo)),
        PATIENCE,
        system.scheduler());
  }

  /** Finishes and delivers what was begun, leaves the cluster and stops. */
  @Override
  public void close() {
    CoordinatedShutdown.get(system)
        .runAll(CoordinatedShutdown.actorSystemTerminateReason())
        .toCompletableFuture()
        .join();
  }
}
