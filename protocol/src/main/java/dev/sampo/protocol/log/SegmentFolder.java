package dev.sampo.protocol.log;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The names of segment files: {@code 000001.seg}, {@code 000002.seg}, ... without a gap.
 *
 * @param folder where they are
 * @param first number of the first one; those before it were dropped
 * @param files the files in order; empty for a folder without any
 */
record SegmentFolder(Path folder, int first, List<Path> files) {
  SegmentFolder {
    files = List.copyOf(files);
  }

  static Path file(Path folder, int number) {
    return folder.resolve("%06d.seg".formatted(number));
  }

  /**
   * Lists a folder. Segments before the first that were about to be deleted do not count.
   *
   * @throws RecordingException if one is missing
   */
  static SegmentFolder list(Path folder, int first) throws IOException {
    List<Path> found;
    try (Stream<Path> all = Files.list(folder)) {
      found =
          all.filter(file -> file.toString().endsWith(".seg"))
              .filter(file -> file.compareTo(file(folder, first)) >= 0)
              .sorted()
              .toList();
    }
    List<Path> expected =
        IntStream.range(first, first + found.size())
            .mapToObj(number -> file(folder, number))
            .toList();
    if (!found.equals(expected)) {
      Path missing =
          expected.stream().filter(file -> !found.contains(file)).findFirst().orElseThrow();
      throw RecordingException.damage(
          "%s is missing, and there are segments after it, the last of them %s"
              .formatted(missing, found.getLast().getFileName()));
    }
    return new SegmentFolder(folder, first, found);
  }

  /** The segments before {@code first} that are still there, in order, the last ones of them. */
  static List<Path> before(Path folder, int first) {
    List<Path> found = new ArrayList<>();
    for (int number = first - 1; number > 0 && Files.exists(file(folder, number)); number--) {
      found.addFirst(file(folder, number));
    }
    return found;
  }

  /** The number in the name of a segment file. */
  static int number(Path file) {
    return Integer.parseInt(file.getFileName().toString().replace(".seg", ""));
  }

  /** Number of the last segment; the one before the first if there is none. */
  int last() {
    return first + files.size() - 1;
  }

  /** The file of a segment that is there. */
  Path file(int number) {
    return files.get(number - first);
  }

  boolean has(int number) {
    return number >= first && number <= last();
  }

  /**
   * Checks that a segment has the size that it had when the next one was begun.
   *
   * @throws RecordingException if it lost or gained bytes since
   */
  void requireSize(int number, long bytes) throws IOException {
    long size = Files.size(file(number));
    if (size != bytes) {
      throw RecordingException.damage(
          "%s has %d bytes, but it had %d when the next segment was begun"
              .formatted(file(number), size, bytes));
    }
  }
}
