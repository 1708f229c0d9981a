package dev.sampo.protocol.log;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The names of segment files: {@code 000001.seg}, {@code 000002.seg}, ... without a gap. */
final class SegmentFolder {
  private SegmentFolder() {}

  static Path file(Path folder, int number) {
    return folder.resolve("%06d.seg".formatted(number));
  }

  /** The segment files in order; empty for a folder without any. */
  static List<Path> files(Path folder) throws IOException {
    List<Path> found;
    try (Stream<Path> all = Files.list(folder)) {
      found = all.filter(file -> file.toString().endsWith(".seg")).sorted().toList();
    }
    List<Path> expected =
        IntStream.rangeClosed(1, found.size()).mapToObj(number -> file(folder, number)).toList();
    if (!found.equals(expected)) {
      throw new RecordingException(
          "%s has a gap: expected %d segments from 000001.seg on, found %s"
              .formatted(folder, found.size(), found.stream().map(Path::getFileName).toList()));
    }
    return found;
  }
}
