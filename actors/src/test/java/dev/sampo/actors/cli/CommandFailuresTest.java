package dev.sampo.actors.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.RunFailedException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

final class CommandFailuresTest {

  @Test
  void whatWhoeverRunsItCanChangeIsNoInternalError() {
    String line = "the data has changed since the run began: group 3 was asked from a:1";

    assertThat(CommandFailures.describe(new CompletionException(new RunFailedException(line))))
        .isEqualTo(line);
    assertThat(CommandFailures.describe(new IllegalStateException(line)))
        .isEqualTo("internal error: IllegalStateException: " + line + " (--debug prints where)");
  }
}
