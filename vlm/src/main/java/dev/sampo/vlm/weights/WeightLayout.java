package dev.sampo.vlm.weights;

import java.util.Optional;
import java.util.Set;

/** How the files of a checkpoint name and divide the parameters of a model. */
public interface WeightLayout {

  /** Where a parameter is kept. */
  StoredSlice locate(Parameter parameter);

  /**
   * From any name that writers are known to use for a tensor to the one that {@link #locate} says.
   */
  String storedName(String nameInFile);

  /** Tensors that a file may hold though the model needs them not, such as a tied head. */
  Set<String> ignored();

  /**
   * Path of a module in the memory of Transformers 4.57, by which adapter files name it.
   *
   * @param module published name of a parameter without its ending
   */
  String modulePath(String module);

  /**
   * Name of the layout if {@link #modulePath} is a module that holds others beside this one. There
   * are no adapters on such: PEFT knows them only as a whole.
   */
  default Optional<String> packedLayout(String module) {
    return Optional.empty();
  }
}
