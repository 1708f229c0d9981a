package dev.sampo.vlm.parity;

import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.RecordedTensor;
import dev.sampo.vlm.VisionLanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A checkpoint that is loaded and saved has the names, shapes and values of the one it came from.
 * With the property {@code sampo.parity.save} the saved ones are kept below that folder, where
 * tests/goldens/check_saved.py makes the reference load them.
 */
final class SavedComparison implements Comparison {

  @Override
  public void run(Goldens goldens, Report report) throws IOException {
    String kept = System.getProperty("sampo.parity.save");
    if (kept != null) {
      compare(goldens, Files.createDirectories(Path.of(kept, goldens.toString())), report);
      return;
    }
    Path folder = Files.createTempDirectory("saved");
    try {
      compare(goldens, folder, report);
    } finally {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static void compare(Goldens goldens, Path folder, Report report) throws IOException {
    try (VisionLanguageModel model = Models.load(goldens)) {
      model.save(folder);
    }
    Map<String, RecordedTensor> expected = readFolder(goldens.folder());
    Map<String, RecordedTensor> actual = readFolder(folder);
    report.equal(
        "all",
        "saved-names",
        String.join(" ", actual.keySet()),
        String.join(" ", expected.keySet()));
    var different = expected.keySet().stream().filter(n -> !same(n, actual, expected)).toList();
    report.atMost("all", "saved-tensors-that-differ", different.size(), 0);
  }

  private static boolean same(
      String name, Map<String, RecordedTensor> actual, Map<String, RecordedTensor> expected) {
    RecordedTensor ours = actual.get(name);
    RecordedTensor theirs = Objects.requireNonNull(expected.get(name));
    return ours != null
        && Arrays.equals(ours.shape(), theirs.shape())
        && Arrays.equals(ours.values(), theirs.values());
  }

  private static Map<String, RecordedTensor> readFolder(Path folder) throws IOException {
    Map<String, RecordedTensor> tensors = new TreeMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      files
          .filter(file -> file.getFileName().toString().matches("model.*\\.safetensors"))
          .forEach(file -> tensors.putAll(RecordedTensor.readFile(file)));
    }
    return tensors;
  }
}
