package dev.sampo.vlm.ops;

import ai.djl.ndarray.NDArray;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * Layers that follow one another, forwards and backwards. Either everything in between is recorded
 * on the way forwards, or only the input of each layer is kept and the layer is computed once more
 * on the way back (Chen et al. 2016, arXiv:1604.06174): the same gradients, for less memory and a
 * third more work. What dropout drops is drawn from a seed per layer, so that it is the same both
 * times.
 *
 * <p>All calls on one thread, which records gradients.
 */
public final class LayerChain {
  /** A layer. */
  @FunctionalInterface
  public interface Layer {
    /**
     * Computes it.
     *
     * @param index from 0
     * @param x what leaves the layer before
     * @return a new array on the chain's scope
     */
    NDArray apply(int index, NDArray x);
  }

  private final int numLayers;

  /** The first layer in which a gradient is asked for; the number of layers if there is none. */
  private final int firstTrained;

  private final Layer layer;
  private final boolean recompute;
  private final LayerSeeds seeds;

  /** Inputs of the layers whose recording is left, the last on top. */
  private final Deque<NDArray> inputs = new ArrayDeque<>();

  private Optional<NDArray> end = Optional.empty();

  /** Whether a gradient of what enters the first layer is asked for. */
  private boolean inputIsRecorded;

  /**
   * A chain.
   *
   * @param firstTrained first layer in which a gradient is asked for
   * @param recompute whether layers are computed once more on the way back
   */
  public LayerChain(
      int numLayers, int firstTrained, Layer layer, boolean recompute, LayerSeeds seeds) {
    this.numLayers = numLayers;
    this.firstTrained = firstTrained;
    this.layer = layer;
    this.recompute = recompute;
    this.seeds = seeds;
  }

  /**
   * Computes all layers.
   *
   * @param x what enters the first; requires a gradient or is recorded if one is asked for
   * @return what leaves the last
   */
  public NDArray forward(NDArray x) {
    inputIsRecorded = Gradients.isRecorded(x);
    Gradients.record(!recompute);
    try {
      NDArray at = x;
      for (int i = 0; i < numLayers; i++) {
        seeds.use(i);
        NDArray next = layer.apply(i, at);
        if (recompute) {
          inputs.push(at);
        } else if (i > 0) {
          at.close(); // what the way back needs of it is recorded
        }
        at = next;
      }
      if (recompute && needsWayBack(numLayers)) {
        at.setRequiresGradient(true);
      }
      end = Optional.of(at);
      return at;
    } finally {
      Gradients.record(true);
    }
  }

  private boolean needsWayBack(int layers) {
    return inputIsRecorded || firstTrained < layers;
  }

  /**
   * Goes back through all layers that have to do with a gradient that is asked for. Gradients of
   * weights add to what they have.
   *
   * @param after recorded from what {@link #forward} returned
   * @param gradient of {@code after}
   */
  public void backward(NDArray after, NDArray gradient) {
    Gradients.backward(after, gradient);
    if (!recompute || !needsWayBack(numLayers)) {
      return;
    }
    NDArray output = end.orElseThrow();
    for (int i = numLayers - 1; i >= 0; i--) {
      NDArray input = inputs.pop();
      boolean isAskedFor = i > 0 && needsWayBack(i);
      if (isAskedFor) {
        input.setRequiresGradient(true);
      }
      seeds.use(i);
      try (NDArray again = layer.apply(i, input);
          NDArray ofOutput = Gradients.of(output, output.getManager()).orElseThrow()) {
        output.close();
        Gradients.backward(again, ofOutput);
      }
      if (i > 0 && !isAskedFor) {
        return;
      }
      output = input;
    }
  }
}
