package dev.sampo.actors.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Optional;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * How far a command is: a bar on a terminal, a line for every tenth otherwise. Safe for several
 * threads.
 */
final class CommandProgress implements AutoCloseable {
  private static final int LINES = 10;

  private final String task;
  private final long total;
  private final PrintWriter out;
  private final Optional<ProgressBar> bar;
  private final long started = System.nanoTime();
  private long printed;

  /**
   * Begins a task.
   *
   * @param task what is being done
   * @param total steps that it has
   * @param out where lines go when there is no terminal
   */
  CommandProgress(String task, long total, PrintWriter out) {
    this(task, 0, total, out);
  }

  /**
   * Goes on with a task.
   *
   * @param done steps that were done before
   */
  CommandProgress(String task, long done, long total, PrintWriter out) {
    this.task = task;
    this.total = total;
    this.out = out;
    this.printed = lines(done);
    this.bar = isTerminal() ? Optional.of(bar(task, done, total)) : Optional.empty();
  }

  /** Says that {@code done} of the steps are done. */
  void to(long done) {
    to(done, "");
  }

  /** Says that {@code done} of the steps are done, and something short about them. */
  synchronized void to(long done, String note) {
    if (bar.isPresent()) {
      bar.get().stepTo(done);
      bar.get().setExtraMessage(note);
    } else if (lines(done) > printed) {
      printed = lines(done);
      double seconds = (System.nanoTime() - started) / 1e9;
      out.printf(
          "%s: %d/%d  %.0f s%s%n", task, done, total, seconds, note.isEmpty() ? "" : "  " + note);
    }
  }

  private long lines(long done) {
    return done * LINES / Math.max(1, total);
  }

  @Override
  public void close() {
    bar.ifPresent(ProgressBar::close);
  }

  @SuppressWarnings("SystemConsoleNull") // the null check's model of the JDK still allows null
  private static boolean isTerminal() {
    return System.console() != null && System.console().isTerminal();
  }

  private static ProgressBar bar(String task, long done, long total) {
    return new ProgressBarBuilder()
        .setTaskName(task)
        .setInitialMax(total)
        .startsFrom(done, Duration.ZERO)
        .setStyle(ProgressBarStyle.ASCII)
        .setUpdateIntervalMillis(200)
        .build();
  }
}
