package dev.sampo.vlm.lora;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.sampo.vlm.ops.LoraOps;
import dev.sampo.vlm.weights.ElementType;
import dev.sampo.vlm.weights.TensorSource;
import dev.sampo.vlm.weights.WeightArrays;
import java.util.List;

/**
 * The sum of a matrix and its adapter, computed in float32 when it is read, some rows at a time.
 *
 * @param weight [out, in]
 */
record MergedTensor(NDArray weight, AdaptedModule adapter) implements TensorSource {
  private static final long ELEMENTS_AT_ONCE = 1 << 22;

  @Override
  public ElementType type() {
    return WeightArrays.elementType(weight);
  }

  @Override
  public List<Long> shape() {
    return List.of(adapter.module().out(), adapter.module().in());
  }

  @Override
  public <E extends Exception> void read(Sink<E> sink) throws E {
    long rows = adapter.module().out();
    long step = Math.max(1, ELEMENTS_AT_ONCE / adapter.module().in());
    for (long begin = 0; begin < rows; begin += step) {
      long end = Math.min(begin + step, rows);
      try (NDManager scope = weight.getManager().newSubManager()) {
        NDArray sum =
            LoraOps.merge(
                scope,
                slice(weight, begin, end, scope),
                adapter.a(),
                slice(adapter.b(), begin, end, scope),
                adapter.scale());
        WeightArrays.view(sum, type()).read(sink);
      }
    }
  }

  private static NDArray slice(NDArray array, long begin, long end, NDManager scope) {
    NDArray slice = array.get(new NDIndex().addSliceDim(begin, end));
    slice.attach(scope);
    return slice;
  }
}
