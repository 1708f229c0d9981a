package dev.sampo.vlm.weights;

import com.google.errorprone.annotations.MustBeClosed;
import dev.sampo.vlm.ModelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * The weights of a Hugging Face model folder: {@code model.safetensors}, or the files that {@code
 * model.safetensors.index.json} names.
 */
public final class Checkpoint implements AutoCloseable {
  /** The file of a checkpoint that is not sharded. */
  public static final String FILE = "model.safetensors";

  private final Path folder;
  private final List<SafetensorsFile> files;
  private final SortedMap<String, StoredTensor> tensors;

  private Checkpoint(
      Path folder, List<SafetensorsFile> files, SortedMap<String, StoredTensor> tensors) {
    this.folder = folder;
    this.files = List.copyOf(files);
    this.tensors = Collections.unmodifiableSortedMap(tensors);
  }

  /**
   * Opens all files.
   *
   * @param canonicalName from a name in the file to the name used here
   * @throws ModelException if there are no weights or a file cannot be read
   */
  @MustBeClosed
  public static Checkpoint open(Path folder, UnaryOperator<String> canonicalName) {
    var files = new ArrayList<SafetensorsFile>();
    var tensors = new TreeMap<String, StoredTensor>();
    try {
      for (String name : fileNames(folder)) {
        SafetensorsFile file = SafetensorsFile.open(folder.resolve(name));
        files.add(file);
        for (Map.Entry<String, StoredTensor> entry : file.tensors().entrySet()) {
          if (tensors.put(canonicalName.apply(entry.getKey()), entry.getValue()) != null) {
            throw new ModelException(
                "checkpoint %s holds tensor %s twice".formatted(folder, entry.getKey()));
          }
        }
      }
      return new Checkpoint(folder, files, tensors);
    } catch (ModelException e) {
      files.forEach(SafetensorsFile::close);
      throw e;
    }
  }

  private static Iterable<String> fileNames(Path folder) {
    if (Files.isRegularFile(folder.resolve(FILE))) {
      return List.of(FILE);
    }
    if (!Files.isRegularFile(folder.resolve(CheckpointIndex.FILE))) {
      throw new ModelException(
          "no weights in %s: expected %s or %s".formatted(folder, FILE, CheckpointIndex.FILE));
    }
    return CheckpointIndex.read(folder).fileNames();
  }

  public SortedMap<String, StoredTensor> tensors() {
    return tensors;
  }

  /**
   * The stored form of a parameter. Where the slice is not one stretch of bytes it is gathered.
   *
   * @throws ModelException if it is missing or has another shape or an element type that weights do
   *     not have
   */
  public StoredTensor require(StoredSlice slice, Parameter parameter) {
    String name = slice.tensor();
    StoredTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new ModelException("checkpoint %s lacks tensor %s".formatted(folder, name));
    }
    var shape = new ArrayList<>(parameter.shape());
    if (!shape.isEmpty()) {
      shape.set(0, slice.groups() * slice.rowsPerGroup());
    }
    if (!tensor.shape().equals(shape)) {
      throw new ModelException(
          "checkpoint %s: tensor %s has shape %s, config.json asks for %s"
              .formatted(folder, name, tensor.shape(), shape));
    }
    switch (tensor.type()) {
      case F32, BF16, F16 -> {}
      case F64, I64, I32, I16, I8, U64, U32, U16, U8, BOOL ->
          throw new ModelException(
              "checkpoint %s: tensor %s has type %s; weights are F32, BF16 or F16"
                  .formatted(folder, name, tensor.type()));
    }
    return slice.isWhole() ? tensor : tensor.slice(slice, parameter.shape());
  }

  @Override
  public void close() {
    files.forEach(SafetensorsFile::close);
  }
}
