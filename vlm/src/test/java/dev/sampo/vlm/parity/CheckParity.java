package dev.sampo.vlm.parity;

import dev.sampo.vlm.Goldens;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Compares this project with every recorded folder at or below the given ones: one line per check,
 * {@code ok|miss <family> <folder>/<case> <check> <measured> <bound>}. Exits with 1 if a check is
 * missed and with 2 if there is nothing to read.
 */
public final class CheckParity {
  private CheckParity() {}

  public static void main(String[] arguments) {
    int missed = 0;
    int checks = 0;
    for (String argument : arguments) {
      for (Path folder : folders(Path.of(argument))) {
        Report report = check(folder);
        checks += report.lines().size();
        missed += report.misses().size();
      }
    }
    System.err.printf("check-parity: %d checks, %d missed%n", checks, missed);
    System.exit(missed == 0 ? 0 : 1);
  }

  private static List<Path> folders(Path root) {
    if (!Files.isDirectory(root)) {
      throw unusable(root + ": no such folder");
    }
    List<Path> folders = Goldens.below(root.toAbsolutePath().normalize());
    if (folders.isEmpty()) {
      throw unusable(root + ": no reference.safetensors in it or below it");
    }
    return folders;
  }

  private static Report check(Path folder) {
    Goldens goldens;
    try {
      goldens = Goldens.read(folder);
    } catch (IllegalArgumentException | UncheckedIOException e) {
      throw unusable(folder + ": " + e.getMessage());
    }
    Report report = new Report();
    int printed = 0;
    for (Comparison comparison : Comparison.allFor(goldens)) {
      try {
        comparison.run(goldens, report);
      } catch (IOException | RuntimeException e) { // a miss; the other comparisons go on
        report.failed("all", comparison.getClass().getSimpleName(), e);
      }
      for (Report.Line line : report.lines().subList(printed, report.lines().size())) {
        print(goldens, line);
      }
      printed = report.lines().size();
    }
    return report;
  }

  private static void print(Goldens goldens, Report.Line line) {
    System.out.printf(
        "%s %s %s/%s %s %s %s%n",
        line.ok() ? "ok" : "miss",
        goldens.family(),
        goldens,
        line.where(),
        line.what(),
        line.measured(),
        line.bound());
  }

  /** Ends the program after one line; returned so that callers can throw it. */
  private static RuntimeException unusable(String message) {
    System.err.println("check-parity: " + message);
    System.exit(2);
    return new IllegalStateException(message);
  }
}
