package dev.sampo.actors.cli;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.StopReason;
import dev.sampo.vlm.text.TextStream;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;

/** Prints an answer while it grows, and measures how fast it does. */
final class AnswerPrinter implements IntPredicate {
  private final PrintWriter out;
  private final TextStream text;
  private final BooleanSupplier isInterrupted;
  private final long started = System.nanoTime();
  private long first;
  private long last;
  private int numTokens;

  /**
   * Begins with the prefill.
   *
   * @param out gets the answer and nothing else
   * @param text turns tokens into text
   * @param isInterrupted whether the user wants no more
   */
  AnswerPrinter(PrintWriter out, TextStream text, BooleanSupplier isInterrupted) {
    this.out = out;
    this.text = text;
    this.isInterrupted = isInterrupted;
  }

  /** Takes a token; whether there is still somebody who wants the next. */
  @Override
  public boolean test(int token) {
    last = System.nanoTime();
    if (numTokens == 0) {
      first = last;
    }
    numTokens++;
    out.print(text.add(token));
    return !out.checkError() && !isInterrupted.getAsBoolean(); // checkError flushes
  }

  /** Prints what was held back, and the end of the line. */
  void finish() {
    out.println(text.finish());
    out.flush();
  }

  /**
   * What the answer cost.
   *
   * @param promptTokens tokens of the prompt
   * @param imageTokens those of them that stand for images
   * @param answer the answer; empty if it was ended early
   */
  String statistics(int promptTokens, int imageTokens, Optional<Completion> answer) {
    StringBuilder line = new StringBuilder();
    line.append(format("prompt %d tokens, %d of them of images", promptTokens, imageTokens));
    line.append(format("; prefill %.3f s", seconds(first - started)));
    line.append(format("; answer %d tokens", numTokens));
    if (numTokens > 1) {
      line.append(format("; %.1f tokens/s", (numTokens - 1) / seconds(last - first)));
    }
    if (answer.isEmpty()) {
      line.append("; interrupted");
    } else if (answer.get().stop() == StopReason.LENGTH) {
      line.append("; cut at --max-tokens");
    }
    return line.toString();
  }

  private static double seconds(long nanos) {
    return nanos / (double) Duration.ofSeconds(1).toNanos();
  }

  @FormatMethod
  private static String format(@FormatString String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
