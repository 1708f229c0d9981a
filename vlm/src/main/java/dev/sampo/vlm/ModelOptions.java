package dev.sampo.vlm;

import ai.djl.Device;
import ai.djl.engine.Engine;
import dev.sampo.vlm.lora.AdapterSource;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How to open a model.
 *
 * @param device where it computes
 * @param precision in which type
 * @param adapters low-rank adapters on its linear modules
 */
public record ModelOptions(Device device, Precision precision, AdapterSource adapters) {
  private static final Pattern CUDA = Pattern.compile("cuda(?::([0-9]{1,3}))?");

  /** Float32 on the first accelerator of this machine, else on the CPU. */
  public static ModelOptions standard() {
    return new ModelOptions(
        Engine.getInstance().defaultDevice(), Precision.FLOAT32, AdapterSource.NONE);
  }

  /** Float32 on the CPU. */
  public static ModelOptions onCpu() {
    return new ModelOptions(Device.cpu(), Precision.FLOAT32, AdapterSource.NONE);
  }

  /**
   * Float32 on a device that a user names.
   *
   * @param device {@code cpu}, {@code cuda} for the first accelerator, or {@code cuda:N}
   * @throws IllegalArgumentException if it is another name or this machine lacks the device
   */
  public static ModelOptions on(String device) {
    if (device.equals("cpu")) {
      return onCpu();
    }
    Matcher cuda = CUDA.matcher(device);
    if (!cuda.matches()) {
      throw new IllegalArgumentException(
          "device must be cpu, cuda or cuda:N, got '%s'".formatted(device));
    }
    int index = cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1));
    int count = Engine.getInstance().getGpuCount();
    if (index >= count) {
      throw new IllegalArgumentException(
          "device %s: this machine has %d CUDA devices that can be used".formatted(device, count));
    }
    return new ModelOptions(Device.gpu(index), Precision.FLOAT32, AdapterSource.NONE);
  }

  public ModelOptions with(Precision other) {
    return new ModelOptions(device, other, adapters);
  }

  public ModelOptions with(AdapterSource other) {
    return new ModelOptions(device, precision, other);
  }
}
