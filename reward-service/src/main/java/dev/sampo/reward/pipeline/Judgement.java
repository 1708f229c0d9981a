package dev.sampo.reward.pipeline;

import dev.sampo.protocol.RewardOutcome;
import dev.sampo.reward.RewardFunction;
import dev.sampo.reward.RewardInput;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * One completion before one reward function, tried up to a number of times.
 *
 * <pre>
 *   start -> attempt --returns--------------------------> outcome
 *               ^  \--throws, or over time (interrupted)--> attempts left? --no--> outcome Failed
 *               \_________________________________________________/ yes
 * </pre>
 *
 * <p>The clock of an attempt starts when a thread begins it, so that waiting for a thread is not
 * held against the function; {@code patience} bounds the whole, waiting included.
 */
final class Judgement {
  private static final List<Class<? extends Exception>> NO_CONNECTION =
      List.of(
          SocketException.class,
          SocketTimeoutException.class,
          UnknownHostException.class,
          HttpTimeoutException.class);

  private static final int MOST_CAUSES = 20;

  private final RewardFunction function;
  private final RewardInput input;
  private final Duration timeout;
  private final int maxAttempts;
  private final ExecutorService executor;
  private final CompletableFuture<RewardOutcome> outcome = new CompletableFuture<>();
  private volatile boolean hadConnection = true;

  Judgement(
      RewardFunction function,
      RewardInput input,
      Duration timeout,
      int maxAttempts,
      ExecutorService executor) {
    this.function = function;
    this.input = input;
    this.timeout = timeout;
    this.maxAttempts = maxAttempts;
    this.executor = executor;
  }

  /** Begins and returns the outcome to come, which never completes exceptionally. */
  CompletableFuture<RewardOutcome> start(Duration patience) {
    attempt(1);
    return outcome.completeOnTimeout(
        new RewardOutcome.Failed("no reward thread became free within " + seconds(patience)),
        patience.toNanos(),
        TimeUnit.NANOSECONDS);
  }

  /**
   * Whether the function reached, at its last attempt, what it asks for its answer. If it did not,
   * that says nothing about the completion.
   */
  boolean hadConnection() {
    return hadConnection;
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the outcome is the only result
  private void attempt(int number) {
    RewardOutcome late = new RewardOutcome.Failed("took longer than " + seconds(timeout));
    CompletableFuture<Void> begun = new CompletableFuture<>();
    CompletableFuture<RewardOutcome> result = new CompletableFuture<>();
    try {
      Future<?> running =
          executor.submit(() -> {
            begun.complete(null);
            result.complete(judge());
          });
      begun.thenRun(() -> result.completeOnTimeout(late, timeout.toNanos(), TimeUnit.NANOSECONDS));
      result.thenAccept(ended -> {
        if (ended.equals(late)) {
          running.cancel(true);
        }
        afterAttempt(number, ended);
      });
    } catch (RejectedExecutionException e) {
      outcome.complete(new RewardOutcome.Failed("the reward threads take no more work"));
    }
  }

  private void afterAttempt(int number, RewardOutcome ended) {
    if (ended instanceof RewardOutcome.Failed && number < maxAttempts && !outcome.isDone()) {
      attempt(number + 1);
    } else {
      outcome.complete(ended);
    }
  }

  private RewardOutcome judge() {
    if (outcome.isDone()) {
      return new RewardOutcome.Failed("the group was given up");
    }
    hadConnection = true;
    try {
      return Objects.requireNonNull(function.score(input), "no outcome");
    } catch (InterruptedException e) {
      return new RewardOutcome.Failed("was interrupted");
    } catch (
        Throwable e) { // a broken function, even one that overflows the stack, harms nobody else
      hadConnection = !isLostConnection(e);
      String message = e.getMessage() == null ? "" : ": " + firstLine(e.getMessage());
      return new RewardOutcome.Failed("threw " + e.getClass().getSimpleName() + message);
    }
  }

  private static boolean isLostConnection(Throwable thrown) {
    return Stream.iterate(thrown, Objects::nonNull, Throwable::getCause)
        .limit(MOST_CAUSES) // they may go round in a circle
        .anyMatch(cause -> NO_CONNECTION.stream().anyMatch(kind -> kind.isInstance(cause)));
  }

  private static String firstLine(String text) {
    return text.lines().findFirst().orElse("");
  }

  private static String seconds(Duration duration) {
    return duration.toMillis() / 1000.0 + " s";
  }
}
