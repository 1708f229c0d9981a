package dev.sampo.actors.cli;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Commands that say one thing to a running learner, over HTTP. */
@SuppressWarnings("NullAway.Init") // picocli fills the fields
abstract sealed class ControlCommand implements Callable<Integer> {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int ACCEPTED = 202;

  /** {@code sampo pause}. */
  @Command(
      name = "pause",
      description = {
        "Let a running learner save a checkpoint after its step, and wait.",
        "Rollout goes on up to the staleness bound."
      })
  static final class Pause extends ControlCommand {
    Pause() {
      super("pause", "the learner saves a checkpoint after the step under way, and waits");
    }
  }

  /** {@code sampo resume}. */
  @Command(
      name = "resume",
      description = "Let a learner go on that 'sampo pause' or a guard has paused.")
  static final class Resume extends ControlCommand {
    Resume() {
      super("resume", "the learner goes on");
    }
  }

  @Spec private CommandSpec spec;

  @Option(
      names = "--at",
      required = true,
      paramLabel = "HOST:PORT",
      description = "HTTP address of the learner's node; 'sampo train' prints it.")
  private String at;

  private final String action;
  private final String consequence;

  private ControlCommand(String action, String consequence) {
    this.action = action;
    this.consequence = consequence;
  }

  @Override
  public Integer call() {
    HttpResponse<String> answer = post(uri());
    if (answer.statusCode() != ACCEPTED) {
      throw new CommandFailedException(
          "%s refused to %s (%d): %s"
              .formatted(at, action, answer.statusCode(), answer.body().strip()));
    }
    spec.commandLine().getOut().println(consequence);
    return CommandLine.ExitCode.OK;
  }

  private URI uri() {
    try {
      URI uri = URI.create("http://" + at + "/control/" + action);
      if (uri.getHost() != null && uri.getPort() > 0 && uri.getPort() <= 0xffff) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      // said below
    }
    throw new CommandLine.ParameterException(
        spec.commandLine(), "--at needs HOST:PORT, got '" + at + "'");
  }

  private HttpResponse<String> post(URI uri) {
    try (HttpClient client = HttpClient.newBuilder().connectTimeout(PATIENCE).build()) {
      HttpRequest request =
          HttpRequest.newBuilder(uri)
              .timeout(PATIENCE)
              .POST(HttpRequest.BodyPublishers.noBody())
              .build();
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new CommandFailedException("no answer from http://" + at + "; is that the HTTP port?");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailedException("interrupted while asking " + at);
    }
  }
}
