package dev.sampo.actors.pipeline;

import java.util.concurrent.CompletionException;

/** What stages that failed have to say. */
final class Failures {
  private Failures() {}

  /** Why it failed, without the wrapping of stages. */
  static Throwable rootOf(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  /** Its message; its class where it has none. */
  static String messageOf(Throwable failure) {
    return failure.getMessage() == null ? failure.toString() : failure.getMessage();
  }
}
