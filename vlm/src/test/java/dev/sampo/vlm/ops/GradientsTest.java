package dev.sampo.vlm.ops;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GradientsTest {
  private static final int COUNT = 500;

  @Test
  void aConstantIsStillThereWhenTheBackwardPassReadsIt() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray weight = manager.ones(new Shape(4));
      weight.setRequiresGradient(true);
      List<ByteBuffer> others = new ArrayList<>();
      try (GradientCollector collector = Gradients.collect()) {
        NDArray sum = manager.zeros(new Shape(4));
        for (int i = 0; i < COUNT; i++) {
          sum = sum.add(weight.mul(Gradients.constant(3, weight)));
        }
        NDArray loss = sum.sum();
        collectGarbage();
        for (int i = 0; i < COUNT; i++) {
          others.add(ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder()).putDouble(0, 100));
        }
        collector.backward(loss);
      }

      assertThat(weight.getGradient().toFloatArray()).containsOnly(3f * COUNT);
      assertThat(others).hasSize(COUNT);
    }
  }

  private static void collectGarbage() {
    var garbage = new WeakReference<>(new Object());
    while (garbage.get() != null) {
      System.gc();
    }
  }
}
