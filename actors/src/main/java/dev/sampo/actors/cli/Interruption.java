package dev.sampo.actors.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C and SIGTERM as a request to come to an end: while this is open they do not stop the JVM at
 * once, but leave the work some time to notice, to say what there is to say, and to close this.
 */
final class Interruption implements AutoCloseable {
  /** For the end of a step and a checkpoint, or for groups that are on their way. */
  private static final Duration PATIENCE_WITH_TRAINING = Duration.ofMinutes(2);

  private final Duration patience;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread hook = new Thread(this::request, "interruption");
  private volatile boolean requested;

  /**
   * Opens it.
   *
   * @param patience how long the JVM waits for the work
   */
  Interruption(Duration patience) {
    this.patience = patience;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** One of a training, which saves what it came to. */
  static Interruption ofTraining() {
    return new Interruption(PATIENCE_WITH_TRAINING);
  }

  /**
   * Ends the command if that was requested, and says how to go on.
   *
   * @param saved what there is to go on from
   */
  void requireNone(String saved, PrintWriter out) {
    if (requested) {
      Resumption.say(out, "interrupted: " + saved);
      throw new InterruptedCommandException();
    }
  }

  boolean isRequested() {
    return requested;
  }

  private void request() {
    requested = true;
    try {
      if (!closed.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        return; // a native call does not come back; the JVM ends without it
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is stopping: the hook is what it waits for.
    }
  }
}
