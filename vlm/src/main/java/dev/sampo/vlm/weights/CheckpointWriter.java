package dev.sampo.vlm.weights;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Writes the weights of a model folder as Transformers does: {@code model.safetensors}, or numbered
 * files and an index where that would be too large.
 *
 * <p>Whatever happens on the way, the folder holds either the weights it held before or the new
 * ones, whole. A reader takes {@code model.safetensors} if there is one and else what the index
 * names, so one rename or one deletion switches from old to new:
 *
 * <pre>
 *   new        before     switches                          then
 *   one file   any        rename of model.safetensors       old index and its files are deleted
 *   sharded    one file   deletion of model.safetensors
 *   sharded    sharded    rename of the index               old files are deleted
 * </pre>
 *
 * Before new numbered files overwrite old ones of the same names, the old ones get other names and
 * the index that names them those.
 */
public final class CheckpointWriter {
  /** Bytes of tensors in a file at which Transformers begins another. */
  public static final long MAX_FILE_BYTES = 5_000_000_000L;

  private static final String ENDING = ".safetensors";
  private static final String OLD_ENDING = ".old" + ENDING;

  /** All files that a save may leave. */
  private static final Pattern OWN =
      Pattern.compile(
          "model(-\\d{5}-of-\\d{5}(\\.old)?)?\\.safetensors(\\.index\\.json)?(\\.partial)?");

  private final Path folder;

  private CheckpointWriter(Path folder) {
    this.folder = folder;
  }

  /**
   * Replaces the weights of a folder.
   *
   * @param tensors by their names in the file
   * @param maxFileBytes the tensors of one file take at most this much, unless it is a single one
   * @throws IOException if something cannot be written
   * @throws dev.sampo.vlm.ModelException if the folder has an index that cannot be read
   */
  public static void write(
      Path folder, SortedMap<String, ? extends TensorSource> tensors, long maxFileBytes)
      throws IOException {
    if (tensors.isEmpty() || maxFileBytes < 1) {
      throw new IllegalArgumentException(
          "a checkpoint needs tensors and at least 1 byte a file, got %d tensors and %d bytes"
              .formatted(tensors.size(), maxFileBytes));
    }
    var writer = new CheckpointWriter(folder);
    var files = divide(tensors, maxFileBytes);
    if (files.size() == 1) {
      SafetensorsFile.write(folder.resolve(Checkpoint.FILE), tensors);
      writer.deleteAllBut(Set.of(Checkpoint.FILE));
    } else {
      writer.writeFiles(files);
    }
  }

  private static List<SortedMap<String, TensorSource>> divide(
      SortedMap<String, ? extends TensorSource> tensors, long maxFileBytes) {
    var files = new ArrayList<SortedMap<String, TensorSource>>();
    SortedMap<String, TensorSource> open = new TreeMap<>();
    long bytes = 0;
    for (Map.Entry<String, ? extends TensorSource> entry : tensors.entrySet()) {
      long more = entry.getValue().numBytes();
      if (!open.isEmpty() && bytes + more > maxFileBytes) {
        files.add(open);
        open = new TreeMap<>();
        bytes = 0;
      }
      open.put(entry.getKey(), entry.getValue());
      bytes += more;
    }
    files.add(open);
    return files;
  }

  private void writeFiles(List<SortedMap<String, TensorSource>> files) throws IOException {
    var byFile = new TreeMap<String, SortedMap<String, TensorSource>>();
    for (int i = 0; i < files.size(); i++) {
      byFile.put("model-%05d-of-%05d%s".formatted(i + 1, files.size(), ENDING), files.get(i));
    }
    setAside(byFile.keySet());
    for (var entry : byFile.entrySet()) {
      SafetensorsFile.write(folder.resolve(entry.getKey()), entry.getValue());
    }
    index(byFile).write(folder);
    Files.deleteIfExists(folder.resolve(Checkpoint.FILE));
    var named = new TreeSet<>(byFile.keySet());
    named.add(CheckpointIndex.FILE);
    deleteAllBut(named);
  }

  private static CheckpointIndex index(SortedMap<String, SortedMap<String, TensorSource>> byFile) {
    var files = new TreeMap<String, String>();
    long elements = 0;
    long bytes = 0;
    for (var file : byFile.entrySet()) {
      for (var entry : file.getValue().entrySet()) {
        files.put(entry.getKey(), file.getKey());
        elements += StoredTensor.numElements(entry.getValue().shape());
        bytes += entry.getValue().numBytes();
      }
    }
    return new CheckpointIndex(elements, bytes, files);
  }

  /** Gives the files that readers take now other names, if they have one of {@code newNames}. */
  private void setAside(Set<String> newNames) throws IOException {
    if (Files.exists(folder.resolve(Checkpoint.FILE))
        || !Files.exists(folder.resolve(CheckpointIndex.FILE))) {
      return;
    }
    CheckpointIndex current = CheckpointIndex.read(folder);
    SortedSet<String> taken = current.fileNames();
    taken.retainAll(newNames);
    var aside = new TreeMap<String, String>();
    for (String name : taken) {
      String other = name.substring(0, name.length() - ENDING.length()) + OLD_ENDING;
      linkOrCopy(folder.resolve(name), folder.resolve(other));
      aside.put(name, other);
    }
    if (!aside.isEmpty()) {
      AtomicFile.forceFolder(folder);
      current.renamed(aside).write(folder);
    }
  }

  /** A second name for a file; a second file where the file system has no such thing. */
  private static void linkOrCopy(Path file, Path other) throws IOException {
    Files.deleteIfExists(other);
    try {
      Files.createLink(other, file);
    } catch (UnsupportedOperationException | FileSystemException e) {
      try (SafetensorsFile source = SafetensorsFile.open(file)) {
        SafetensorsFile.write(other, source.tensors());
      }
    }
  }

  private void deleteAllBut(Set<String> names) throws IOException {
    List<Path> old;
    try (Stream<Path> files = Files.list(folder)) {
      old =
          files
              .filter(file -> isOwn(file.getFileName().toString()))
              .filter(file -> !names.contains(file.getFileName().toString()))
              .sorted(Comparator.reverseOrder()) // an index before the files that it names
              .toList();
    }
    for (Path file : old) {
      Files.delete(file);
    }
    AtomicFile.forceFolder(folder);
  }

  private static boolean isOwn(String name) {
    return OWN.matcher(name).matches();
  }
}
