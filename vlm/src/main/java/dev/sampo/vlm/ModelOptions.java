package dev.sampo.vlm;

import ai.djl.Device;
import ai.djl.engine.Engine;
import dev.sampo.vlm.lora.AdapterSource;

/**
 * How to open a model.
 *
 * @param device where it computes
 * @param precision in which type
 * @param adapters low-rank adapters on its linear modules
 */
public record ModelOptions(Device device, Precision precision, AdapterSource adapters) {

  /** Float32 on the first accelerator of this machine, else on the CPU. */
  public static ModelOptions standard() {
    return new ModelOptions(
        Engine.getInstance().defaultDevice(), Precision.FLOAT32, AdapterSource.NONE);
  }

  /** Float32 on the CPU. */
  public static ModelOptions onCpu() {
    return new ModelOptions(Device.cpu(), Precision.FLOAT32, AdapterSource.NONE);
  }

  public ModelOptions with(Precision other) {
    return new ModelOptions(device, other, adapters);
  }

  public ModelOptions with(AdapterSource other) {
    return new ModelOptions(device, precision, other);
  }
}
