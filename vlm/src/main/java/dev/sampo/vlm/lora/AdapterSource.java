package dev.sampo.vlm.lora;

import java.nio.file.Path;

/** Where the adapters of a model come from. */
public sealed interface AdapterSource {
  /** A model without adapters. */
  AdapterSource NONE = new None();

  /** See {@link #NONE}. */
  record None() implements AdapterSource {}

  /**
   * New adapters, which change nothing before they are trained.
   *
   * @param seed the same one draws the same matrices
   */
  record Fresh(LoraSettings settings, long seed) implements AdapterSource {}

  /**
   * The adapters of a folder in the layout of PEFT.
   *
   * @param folder with {@code adapter_config.json} and {@code adapter_model.safetensors}
   */
  record Stored(Path folder) implements AdapterSource {}
}
