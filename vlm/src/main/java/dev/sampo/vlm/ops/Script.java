package dev.sampo.vlm.ops;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtModel;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * The script functions of this package, loaded once per JVM. The functions keep no state, so every
 * thread may call them.
 */
final class Script {
  private static final List<String> SOURCES =
      List.of("common", "arrays", "vision", "tiles", "decoder", "sampling", "optimizer", "lora");

  /** Held for the life of the JVM: the model's finalizer would free the native module. */
  private static final Model MODEL = load();

  private static final PtSymbolBlock BLOCK = (PtSymbolBlock) MODEL.getBlock();

  private Script() {}

  /**
   * Calls a function of weights, arguments and adapters, each a list of tensors.
   *
   * @param scope owns the result
   * @param recording whether gradients are recorded, for inputs that require them
   */
  static NDList differentiable(
      String function,
      NDManager scope,
      NetworkWeights weights,
      List<NDArray> arguments,
      boolean recording) {
    return call(
        function,
        scope,
        recording,
        List.of(weights.arrays(), arguments, weights.adapters(recording)));
  }

  /**
   * Calls a function of one list of tensors whose result may become a parameter or enter what is
   * recorded: what {@link #run} gives can never require gradients.
   *
   * @param scope owns the result
   */
  static NDList call(String function, NDManager scope, NDArray... arguments) {
    return call(function, scope, true, List.of(List.of(arguments)));
  }

  /** DJL passes lists by array name, so this names the arrays. */
  private static NDList call(
      String function, NDManager scope, boolean recording, List<List<NDArray>> lists) {
    JniUtils.setGraphExecutorOptimize(false);
    try (NDArray marker = scope.create(0f)) {
      marker.setName("module_method:" + function);
      var inputs = new NDList(marker);
      for (int i = 0; i < lists.size(); i++) {
        add(inputs, "list" + i + "[]", lists.get(i));
      }
      return IValueUtils.forward(BLOCK, inputs, recording);
    }
  }

  private static void add(NDList inputs, String name, List<NDArray> arrays) {
    for (NDArray array : arrays) {
      array.setName(name);
      inputs.add(array);
    }
  }

  /**
   * Calls a function without recording gradients.
   *
   * @param scope owns the result
   * @param arguments in order of the function's parameters: {@link NDArray}, {@code List<NDArray>},
   *     {@code Long}, {@code Double}, {@code long[]}
   */
  static NDList run(String function, NDManager scope, Object... arguments) {
    JniUtils.setGraphExecutorOptimize(false);
    var values = new IValue[arguments.length];
    try {
      for (int i = 0; i < arguments.length; i++) {
        values[i] = value(arguments[i]);
      }
      try (IValue result = IValueUtils.runMethod(BLOCK, function, values)) {
        return result.isLong() ? new NDList() : result.toNDList((PtNDManager) scope);
      }
    } finally {
      for (IValue value : values) {
        if (value != null) {
          value.close();
        }
      }
    }
  }

  private static IValue value(Object argument) {
    return switch (argument) {
      case PtNDArray array -> IValue.from(array);
      case Long number -> IValue.from(number);
      case Double number -> IValue.from(number);
      case long[] numbers -> IValue.listFrom(numbers);
      case List<?> arrays -> IValue.listFrom(arrays.toArray(PtNDArray[]::new));
      default ->
          throw new IllegalArgumentException(
              "a script takes arrays and numbers, got " + argument.getClass().getName());
    };
  }

  private static Model load() {
    Model model = Model.newInstance("ops", "PyTorch");
    try {
      ((PtModel) model).load(new ByteArrayInputStream(ScriptArchive.pack(SOURCES)), false);
      return model;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (MalformedModelException e) {
      throw new IllegalStateException("the native library does not accept the scripts", e);
    }
  }
}
