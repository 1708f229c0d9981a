package dev.sampo.vlm.lora;

/**
 * A linear module that an adapter may change.
 *
 * @param path where Transformers 4.57 has it in memory, by which adapter files name it
 * @param name its published name, {@code lm_head} for example
 * @param weight parameter that is its matrix [out, in]; that of another module if the two are tied
 * @param out size of its result
 * @param in size of its input
 * @param inVisionTower whether it lies in what Transformers calls the vision tower, which for some
 *     families includes the projector
 */
public record LinearModule(
    String path, String name, String weight, long out, long in, boolean inVisionTower) {

  /** The parameter that is the matrix of this module alone. */
  String ownWeight() {
    return name + ".weight";
  }

  /** Whether another module has the same matrix. */
  boolean isTied() {
    return !weight.equals(ownWeight());
  }
}
