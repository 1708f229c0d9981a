package dev.sampo.actors.cli;

import dev.sampo.actors.RunFailedException;
import dev.sampo.actors.engine.ReplayException;
import dev.sampo.actors.journal.LedgerException;
import dev.sampo.actors.node.NodeStartException;
import dev.sampo.actors.node.NodeStoppedException;
import dev.sampo.actors.node.RunStoppedException;
import dev.sampo.actors.pipeline.WaitedTooLongException;
import dev.sampo.actors.report.OccupiedFolderException;
import dev.sampo.config.InvalidConfigException;
import dev.sampo.learner.LearnerException;
import dev.sampo.protocol.log.RecordingException;
import dev.sampo.reward.RewardException;
import dev.sampo.tasks.DataException;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.image.InvalidImageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import org.apache.pekko.actor.ActorInitializationException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Turns a failure into what a user can act on: one line on standard error for every problem, no
 * stack trace unless it was asked for.
 */
final class CommandFailures implements IExecutionExceptionHandler, IParameterExceptionHandler {
  /** Failures that a user can cause; their messages say what, where and what is allowed. */
  private static final Set<Class<? extends Exception>> CAUSED_BY_THE_USER =
      Set.of(
          InvalidConfigException.class,
          CommandFailedException.class,
          OccupiedFolderException.class,
          DataException.class,
          RewardException.class,
          ModelException.class,
          InvalidImageException.class,
          LearnerException.class,
          RecordingException.class,
          NodeStartException.class,
          NodeStoppedException.class,
          RunStoppedException.class,
          RunFailedException.class,
          WaitedTooLongException.class,
          ReplayException.class,
          LedgerException.class);

  private final BooleanSupplier debug;

  CommandFailures(BooleanSupplier debug) {
    this.debug = debug;
  }

  @Override
  public int handleExecutionException(
      Exception failure, CommandLine commandLine, ParseResult parsed) {
    if (failure instanceof InterruptedCommandException) {
      return CommandLine.ExitCode.SOFTWARE; // the JVM ends with the code of the signal
    }
    if (debug.getAsBoolean()) {
      failure.printStackTrace(commandLine.getErr());
    }
    describe(failure).lines().forEach(line -> commandLine.getErr().println("sampo: " + line));
    return CommandLine.ExitCode.SOFTWARE;
  }

  @Override
  public int handleParseException(ParameterException failure, String[] args) {
    CommandLine commandLine = failure.getCommandLine();
    String message = String.valueOf(failure.getMessage()).lines().findFirst().orElse("");
    commandLine
        .getErr()
        .println(
            "sampo: "
                + message
                    .replaceFirst("^Error: ", "")
                    .replaceFirst("is not an? (int|long)$", "is not a whole number"));
    UnmatchedArgumentException.printSuggestions(failure, commandLine.getErr());
    commandLine
        .getErr()
        .println("See '" + commandLine.getCommandSpec().qualifiedName() + " --help'.");
    return CommandLine.ExitCode.USAGE;
  }

  /** The lines that a user reads. */
  static String describe(Throwable failure) {
    Throwable cause = unwrap(failure);
    if (CAUSED_BY_THE_USER.contains(cause.getClass())) {
      return String.valueOf(cause.getMessage());
    }
    return switch (cause) {
      case FileSystemException e -> describeFile(e);
      case IOException e -> "reading or writing failed: " + e.getMessage();
      default ->
          "internal error: "
              + cause.getClass().getSimpleName()
              + (cause.getMessage() == null ? "" : ": " + firstLine(cause.getMessage()))
              + " (--debug prints where)";
    };
  }

  private static String describeFile(FileSystemException e) {
    return switch (e) {
      case NoSuchFileException missing -> missing.getFile() + ": there is no such file or folder";
      case AccessDeniedException denied -> denied.getFile() + ": permission denied";
      case FileAlreadyExistsException there -> there.getFile() + ": exists already";
      default -> e.getFile() + ": " + (e.getReason() == null ? "cannot be used" : e.getReason());
    };
  }

  private static Throwable unwrap(Throwable failure) {
    Throwable cause = failure;
    while (isWrapper(cause) && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  private static boolean isWrapper(Throwable failure) {
    return failure instanceof CompletionException
        || failure instanceof ActorInitializationException
        || failure instanceof ExecutionException
        || failure instanceof UncheckedIOException;
  }

  private static String firstLine(String text) {
    return text.lines().findFirst().orElse("");
  }
}
