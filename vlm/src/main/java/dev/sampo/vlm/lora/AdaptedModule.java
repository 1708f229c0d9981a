package dev.sampo.vlm.lora;

import ai.djl.ndarray.NDArray;

/**
 * A linear module with an adapter: it computes {@code W x + scale * B A x}.
 *
 * @param module the module
 * @param a float32 [r, in]
 * @param b float32 [out, r]
 * @param scale {@code alpha / r}, or {@code alpha / sqrt(r)} for rank-stabilised adapters
 */
public record AdaptedModule(LinearModule module, NDArray a, NDArray b, double scale) {
  private static final String PREFIX = "base_model.model.";
  private static final String A = ".lora_A.weight";
  private static final String B = ".lora_B.weight";
  private static final String BASE = ".base_layer.weight";

  /** Name of {@code A} in the files of PEFT. */
  public String nameOfA() {
    return nameOfA(module.path());
  }

  /** Name of {@code B} in the files of PEFT. */
  public String nameOfB() {
    return nameOfB(module.path());
  }

  static String nameOfA(String path) {
    return PREFIX + path + A;
  }

  static String nameOfB(String path) {
    return PREFIX + path + B;
  }

  /** Name under which PEFT repeats the matrix of an adapted head. */
  static String nameOfBase(String path) {
    return PREFIX + path + BASE;
  }
}
