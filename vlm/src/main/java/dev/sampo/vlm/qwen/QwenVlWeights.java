package dev.sampo.vlm.qwen;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.qwen.ParameterTable.Parameter;
import dev.sampo.vlm.weights.Checkpoint;
import dev.sampo.vlm.weights.WeightArrays;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Where the weights of a model come from: a checkpoint or a clean start. */
final class QwenVlWeights {
  private QwenVlWeights() {}

  /**
   * Loads all parameters by their published names.
   *
   * @throws ModelException if one is missing, unknown or of the wrong shape
   */
  static SortedMap<String, NDArray> load(ParameterTable table, Path folder, NDManager manager) {
    try (Checkpoint checkpoint = Checkpoint.open(folder, QwenVlWeights::publishedName)) {
      var weights = new TreeMap<String, NDArray>();
      for (Parameter parameter : parameters(table).values()) {
        weights.put(
            parameter.name(),
            WeightArrays.load(checkpoint.require(parameter.name(), parameter.shape()), manager));
      }
      for (String name : checkpoint.tensors().keySet()) {
        // Some writers store a tied head a second time.
        if (!weights.containsKey(name) && !name.equals(ParameterTable.HEAD)) {
          throw new ModelException(
              "checkpoint %s holds tensor %s, which config.json does not ask for"
                  .formatted(folder, name));
        }
      }
      return weights;
    }
  }

  /** From the name that Transformers has used in memory since 4.52 to the published one. */
  private static String publishedName(String name) {
    if (name.startsWith("model.visual.")) {
      return name.substring("model.".length());
    }
    if (name.startsWith("model.language_model.")) {
      return "model." + name.substring("model.language_model.".length());
    }
    return name;
  }

  /**
   * Draws all parameters: normal with variance one over the number of inputs, norms 1, biases 0.
   */
  static SortedMap<String, NDArray> draw(ParameterTable table, long seed, NDManager manager) {
    var weights = new TreeMap<String, NDArray>();
    // In name order, so that the draw does not depend on the order of the table.
    var random = new SplittableRandom(seed);
    for (Parameter parameter : parameters(table).values()) {
      var shape = new Shape(parameter.shape().stream().mapToLong(Long::longValue).toArray());
      int count = Math.toIntExact(shape.size());
      ByteBuffer bytes =
          ByteBuffer.allocateDirect(Math.multiplyExact(4, count)).order(ByteOrder.nativeOrder());
      SplittableRandom own = random.split();
      for (int i = 0; i < count; i++) {
        bytes.putFloat((float) (parameter.mean() + parameter.deviation() * own.nextGaussian()));
      }
      weights.put(parameter.name(), WeightArrays.create(bytes.flip(), shape, manager));
    }
    return weights;
  }

  /** By name; a tied head is there once. */
  private static SortedMap<String, Parameter> parameters(ParameterTable table) {
    var byName = new TreeMap<String, Parameter>();
    Stream.concat(table.vision().stream(), table.text().stream())
        .forEach(parameter -> byName.put(parameter.name(), parameter));
    return byName;
  }
}
