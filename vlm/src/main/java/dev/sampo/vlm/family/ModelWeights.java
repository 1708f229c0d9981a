package dev.sampo.vlm.family;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.Precision;
import dev.sampo.vlm.weights.Checkpoint;
import dev.sampo.vlm.weights.ElementType;
import dev.sampo.vlm.weights.Parameter;
import dev.sampo.vlm.weights.StoredSlice;
import dev.sampo.vlm.weights.StoredTensor;
import dev.sampo.vlm.weights.WeightArrays;
import dev.sampo.vlm.weights.WeightLayout;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** Where the weights of a model come from: a checkpoint or a clean start. */
final class ModelWeights {
  private ModelWeights() {}

  /**
   * Loads all parameters by their published names.
   *
   * @throws ModelException if one is missing, unknown or of the wrong shape
   */
  static SortedMap<String, NDArray> load(
      Architecture architecture, Path folder, Precision precision, NDManager manager) {
    WeightLayout layout = architecture.layout();
    try (Checkpoint checkpoint = Checkpoint.open(folder, layout::storedName)) {
      var weights = new TreeMap<String, NDArray>();
      Set<String> used = new HashSet<>(layout.ignored());
      for (Parameter parameter : architecture.parameters().values()) {
        StoredSlice slice = layout.locate(parameter);
        used.add(slice.tensor());
        weights.put(
            parameter.name(),
            WeightArrays.load(
                checkpoint.require(slice, parameter), elementType(precision), manager));
      }
      for (String name : checkpoint.tensors().keySet()) {
        if (!used.contains(name)) {
          throw new ModelException(
              "checkpoint %s holds tensor %s, which config.json does not ask for"
                  .formatted(folder, name));
        }
      }
      return weights;
    }
  }

  /**
   * Draws all parameters: normal with variance one over the number of inputs, norms 1, biases 0.
   */
  static SortedMap<String, NDArray> draw(
      Architecture architecture, long seed, Precision precision, NDManager manager) {
    var weights = new TreeMap<String, NDArray>();
    // In name order, so that the draw does not depend on the order of the table.
    var random = new SplittableRandom(seed);
    for (Parameter parameter : architecture.parameters().values()) {
      int count = Math.toIntExact(StoredTensor.numElements(parameter.shape()));
      ByteBuffer bytes =
          ByteBuffer.allocateDirect(Math.multiplyExact(4, count)).order(ByteOrder.LITTLE_ENDIAN);
      SplittableRandom own = random.split();
      for (int i = 0; i < count; i++) {
        bytes.putFloat((float) (parameter.mean() + parameter.deviation() * own.nextGaussian()));
      }
      var drawn =
          new StoredTensor(
              ElementType.F32, parameter.shape(), MemorySegment.ofBuffer(bytes.flip()));
      weights.put(parameter.name(), WeightArrays.load(drawn, elementType(precision), manager));
    }
    return weights;
  }

  private static ElementType elementType(Precision precision) {
    return switch (precision) {
      case FLOAT32 -> ElementType.F32;
      case BFLOAT16 -> ElementType.BF16;
    };
  }
}
