package dev.sampo.vlm.lora;

import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.weights.Parameter.Part;
import java.util.Optional;

/**
 * A linear module that an adapter may change.
 *
 * @param path where Transformers 4.57 has it in memory, by which adapter files name it
 * @param name its published name, {@code lm_head} for example
 * @param weight parameter that is its matrix [out, in]; that of another module if the two are tied
 * @param part what {@code weight} belongs to
 * @param out size of its result
 * @param in size of its input
 * @param inVisionTower whether it lies in what Transformers calls the vision tower, which for some
 *     families includes the projector
 * @param packedLayout name of the model folder's layout if {@code path} holds other modules too, so
 *     that adapter files cannot name this one
 */
public record LinearModule(
    String path,
    String name,
    String weight,
    Part part,
    long out,
    long in,
    boolean inVisionTower,
    Optional<String> packedLayout) {

  /** Why it gets no adapter, where {@code packedLayout} is there. */
  ModelException refusal() {
    return new ModelException(
        "no adapter is possible on %s: the layout of %s packs queries, keys and values into it;"
                .formatted(path, packedLayout.orElseThrow())
            + " choose other targets, or use the model in the layout of Transformers");
  }

  /** The parameter that is the matrix of this module alone. */
  String ownWeight() {
    return name + ".weight";
  }

  /** Whether another module has the same matrix. */
  boolean isTied() {
    return !weight.equals(ownWeight());
  }
}
