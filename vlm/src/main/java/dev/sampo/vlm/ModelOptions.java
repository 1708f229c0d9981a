package dev.sampo.vlm;

import ai.djl.Device;
import ai.djl.engine.Engine;
import dev.sampo.vlm.lora.AdapterSource;
import dev.sampo.vlm.weights.Parameter.Part;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How to open a model.
 *
 * @param device where it computes
 * @param precision in which type
 * @param adapters low-rank adapters on its linear modules
 * @param fixed parts whose weights nobody changes while the model is open
 * @param featureBytes memory for what fixed parts make of images, which is then made once per
 *     image; see {@link #keepingFeatures}
 */
public record ModelOptions(
    Device device,
    Precision precision,
    AdapterSource adapters,
    Set<Part> fixed,
    long featureBytes) {
  private static final Pattern CUDA = Pattern.compile("cuda(?::([0-9]{1,3}))?");

  public ModelOptions {
    fixed = Set.copyOf(fixed);
  }

  private static ModelOptions plain(Device device) {
    return new ModelOptions(device, Precision.FLOAT32, AdapterSource.NONE, Set.of(), 0);
  }

  /** Float32 on the first accelerator of this machine, else on the CPU. */
  public static ModelOptions standard() {
    return plain(Engine.getInstance().defaultDevice());
  }

  /** Float32 on the CPU. */
  public static ModelOptions onCpu() {
    return plain(Device.cpu());
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
    return plain(Device.gpu(index));
  }

  public ModelOptions with(Precision other) {
    return new ModelOptions(device, other, adapters, fixed, featureBytes);
  }

  public ModelOptions with(AdapterSource other) {
    return new ModelOptions(device, precision, other, fixed, featureBytes);
  }

  /**
   * Keeps what a vision tower makes of images, the projector's features if that is fixed too, and
   * gives up the least recently used. Only for a model whose fixed weights stay as they are while
   * it is open: one that installs published weights is not such a model.
   *
   * @param parts that nobody changes; what is trained all the same is not kept
   * @param bytes of memory, 0 to keep nothing
   */
  public ModelOptions keepingFeatures(Set<Part> parts, long bytes) {
    return new ModelOptions(device, precision, adapters, bytes > 0 ? parts : Set.of(), bytes);
  }
}
