package dev.sampo.vlm.lora;

import ai.djl.ndarray.NDArray;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.weights.StoredTensor;
import dev.sampo.vlm.weights.WeightArrays;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;

/** Finds the matrices of modules in an adapter file, and notices those of no module. */
final class AdapterReader {
  private final Path path;
  private final SortedMap<String, StoredTensor> tensors;
  private final Set<String> taken = new HashSet<>();

  AdapterReader(Path path, SortedMap<String, StoredTensor> tensors) {
    this.path = path;
    this.tensors = tensors;
  }

  /**
   * Matrices of an adapter.
   *
   * @param a [r, in]
   * @param b [out, r]
   */
  record Matrices(StoredTensor a, StoredTensor b) {}

  /**
   * The matrices of a module, if it has an adapter.
   *
   * @param rank what the configuration says of it
   * @param base parameters of the model
   */
  Optional<Matrices> take(LinearModule module, int rank, SortedMap<String, NDArray> base) {
    if (module.packedLayout().isPresent()) {
      if (tensors.containsKey(AdaptedModule.nameOfA(module.path()))) {
        ModelException refusal = module.refusal();
        throw new ModelException("adapter %s: %s".formatted(path, refusal.getMessage()), refusal);
      }
      return Optional.empty();
    }
    // Adapters that were trained before Transformers 4.52 have the published names.
    for (String name : List.of(module.path(), module.name())) {
      checkRepeated(name, module, base);
      Optional<StoredTensor> a = take(AdaptedModule.nameOfA(name));
      Optional<StoredTensor> b = take(AdaptedModule.nameOfB(name));
      if (a.isPresent() != b.isPresent()) {
        throw new ModelException(
            "adapter %s holds one of the two matrices of %s".formatted(path, name));
      }
      if (a.isPresent()) {
        requireShape(AdaptedModule.nameOfA(name), a.get(), List.of((long) rank, module.in()));
        requireShape(AdaptedModule.nameOfB(name), b.get(), List.of(module.out(), (long) rank));
        return Optional.of(new Matrices(a.get(), b.get()));
      }
    }
    return Optional.empty();
  }

  private Optional<StoredTensor> take(String name) {
    Optional<StoredTensor> tensor = Optional.ofNullable(tensors.get(name));
    tensor.ifPresent(_ -> taken.add(name));
    return tensor;
  }

  /** PEFT stores the matrix of an adapted head again; it must be the one of the model. */
  private void checkRepeated(String name, LinearModule module, SortedMap<String, NDArray> base) {
    String repeated = AdaptedModule.nameOfBase(name);
    take(repeated)
        .ifPresent(tensor -> {
          NDArray weight = Objects.requireNonNull(base.get(module.weight()));
          if (!WeightArrays.isEqual(tensor, weight)) {
            throw new ModelException(
                "adapter %s belongs to another model: its %s is not the model's %s"
                    .formatted(path, repeated, module.weight()));
          }
        });
  }

  private void requireShape(String name, StoredTensor tensor, List<Long> shape) {
    if (!tensor.shape().equals(shape)) {
      throw new ModelException(
          "adapter %s: tensor %s has shape %s, model and %s ask for %s"
              .formatted(path, name, tensor.shape(), AdapterFiles.CONFIG, shape));
    }
  }

  /** Fails if the file holds something that {@link #take} did not ask for, or nothing at all. */
  void requireAllTaken() {
    if (tensors.isEmpty()) {
      throw new ModelException("adapter " + path + " is empty");
    }
    for (String name : tensors.keySet()) {
      if (!taken.contains(name)) {
        throw new ModelException(
            "adapter %s holds tensor %s, which belongs to no linear module of this model"
                .formatted(path, name));
      }
    }
  }
}
