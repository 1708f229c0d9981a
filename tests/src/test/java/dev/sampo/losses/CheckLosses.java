package dev.sampo.losses;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Runs files of cases: one line per case, {@code ok|miss|unsupported <variant> ...}. Exits with 1
 * if a case is missed and with 2 if a file cannot be read.
 */
public final class CheckLosses {
  private CheckLosses() {}

  public static void main(String[] arguments) {
    Map<String, Integer> counts = new TreeMap<>();
    for (String argument : arguments) {
      List<String> lines = read(Path.of(argument));
      for (int i = 0; i < lines.size(); i++) {
        if (!lines.get(i).isBlank()) {
          run(lines.get(i), i + 1, counts);
        }
      }
    }
    System.err.println("check-losses: " + counts);
    System.exit(counts.containsKey("miss") ? 1 : 0);
  }

  private static void run(String text, int number, Map<String, Integer> counts) {
    String variant = "line-" + number;
    Verdict verdict;
    try {
      Optional<CaseLine> line = CaseLine.parse(text, number);
      if (line.isEmpty()) {
        counts.merge("not about the learner", 1, Integer::sum);
        return;
      }
      variant = line.get().variant();
      verdict = CaseCheck.of(line.get());
    } catch (UnsupportedCaseException e) {
      verdict = new Verdict.Unsupported(String.valueOf(e.getMessage()));
    }
    counts.merge(verdict.word(), 1, Integer::sum);
    System.out.printf("%s %s %s%n", verdict.word(), variant, verdict.text());
  }

  private static List<String> read(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (MalformedInputException e) {
      throw unusable(file + ": not UTF-8 text");
    } catch (IOException e) {
      throw unusable(file + ": cannot be read");
    }
  }

  /** Ends the program after one line; returned so that callers can throw it. */
  private static RuntimeException unusable(String message) {
    System.err.println("check-losses: " + message);
    System.exit(2);
    return new IllegalStateException(message);
  }
}
