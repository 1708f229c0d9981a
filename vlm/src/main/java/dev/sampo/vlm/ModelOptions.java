package dev.sampo.vlm;

import ai.djl.Device;
import ai.djl.engine.Engine;

/**
 * How to open a model.
 *
 * @param device where it computes
 * @param precision in which type
 */
public record ModelOptions(Device device, Precision precision) {

  /** Float32 on the first accelerator of this machine, else on the CPU. */
  public static ModelOptions standard() {
    return new ModelOptions(Engine.getInstance().defaultDevice(), Precision.FLOAT32);
  }

  /** Float32 on the CPU. */
  public static ModelOptions onCpu() {
    return new ModelOptions(Device.cpu(), Precision.FLOAT32);
  }

  public ModelOptions with(Precision other) {
    return new ModelOptions(device, other);
  }
}
