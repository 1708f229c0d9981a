package dev.sampo.simulation;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.sampo.protocol.ImageRef;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.stream.SystemMaterializer;
import org.jspecify.annotations.Nullable;

/**
 * One actor system for all runs, without threads of its own: whoever calls {@link Schedule#step} is
 * its thread. Only while it starts, and waits for its own actors, a thread helps.
 */
final class SimulatedSystem {
  private static final List<String> DISPATCHERS =
      List.of(
          "pekko.actor.default-dispatcher",
          "pekko.actor.internal-dispatcher",
          "pekko.actor.default-blocking-io-dispatcher",
          "sampo.dispatcher.device",
          "sampo.dispatcher.durable",
          "sampo.dispatcher.preparation");

  /** The one that all prompts with images have. */
  static final ImageRef IMAGE = new ImageRef("0".repeat(64), 84, 84, 1);

  private static final int ROUNDS_OF_START = 100;

  private static @Nullable Schedule schedule;
  private static volatile @Nullable ExecutorService starter;
  private static @Nullable ActorSystem system;
  private static @Nullable Path images;

  private SimulatedSystem() {}

  /** A folder with {@link #IMAGE}. */
  static Path images() {
    return Objects.requireNonNull(images);
  }

  private static Path writeImage() {
    try {
      Path folder = Files.createTempDirectory("simulated-images");
      Path image = Files.write(folder.resolve(IMAGE.sha256()), new byte[1]);
      folder.toFile().deleteOnExit(); // in the reverse order
      image.toFile().deleteOnExit();
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The system; started by the first call, whose thread is then the only one that may run it. */
  static ActorSystem get() {
    if (system == null) {
      schedule = new Schedule();
      images = writeImage();
      system = start();
    }
    return system;
  }

  /** What the system runs on. */
  static Schedule schedule() {
    return Objects.requireNonNull(schedule);
  }

  static void execute(Runnable work) {
    ExecutorService starting = starter;
    if (starting != null) {
      starting.execute(work);
    } else {
      schedule().add(work);
    }
  }

  private static ActorSystem start() {
    ExecutorService helping =
        Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
    starter = helping;
    ActorSystem started = ActorSystem.create("simulation", config());
    SystemMaterializer.get(started).materializer();
    // A dispatcher without actors would start a timer to shut itself down.
    DISPATCHERS.forEach(dispatcher ->
        Adapter.spawnAnonymous(
            started, Behaviors.empty(), DispatcherSelector.fromConfig(dispatcher)));
    try {
      for (int i = 0; i < ROUNDS_OF_START; i++) {
        helping.submit(() -> {}).get();
      }
    } catch (ExecutionException | InterruptedException e) {
      throw new IllegalStateException("the actor system does not start", e);
    }
    starter = null;
    helping.shutdown();
    return started;
  }

  private static Config config() {
    StringBuilder text =
        new StringBuilder(
            """
            pekko.actor.provider = local
            pekko.loglevel = OFF
            pekko.stdout-loglevel = OFF
            pekko.log-dead-letters = off
            pekko.jvm-shutdown-hooks = off
            pekko.coordinated-shutdown.run-by-jvm-shutdown-hook = off
            pekko.scheduler.implementation = "dev.sampo.simulation.SimulatedScheduler"
            """);
    for (String dispatcher : DISPATCHERS) {
      text.append(
          """
          %s {
            type = Dispatcher
            executor = "dev.sampo.simulation.SimulatedDispatcher"
            throughput = 1
          }
          """
              .formatted(dispatcher));
    }
    return ConfigFactory.parseString(text.toString()).withFallback(ConfigFactory.load()).resolve();
  }
}
