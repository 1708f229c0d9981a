package dev.sampo.learner.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.sampo.learner.LearnerException;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.ops.OptimizerOps;
import dev.sampo.vlm.weights.ElementType;
import dev.sampo.vlm.weights.StoredTensor;
import dev.sampo.vlm.weights.TensorSource;
import dev.sampo.vlm.weights.WeightArrays;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2) over the weights of a
 * model. It owns their gradients: it switches them on, zeroes them, and nobody else touches them.
 * Runs on the thread that owns the model.
 *
 * <p>A parameter that is not float32 has a float32 <em>master</em>, which is what the steps move;
 * the parameter is the master rounded. Its gradients are summed in float32 over the micro-batches
 * of a step ({@link #accumulate}). Steps too small for the type of the parameter are not lost so.
 */
public final class AdamW implements AutoCloseable {
  private static final String MEAN = "mean.";
  private static final String SQUARE = "square.";
  private static final String MASTER = "master.";
  private static final String STEPS = "steps";

  /**
   * What is kept for one parameter.
   *
   * @param live the weights that the model computes with
   * @param moved what steps move: {@code live}, or its master
   * @param sum float32 sum of gradients; present exactly when there is a master
   */
  private record Slot(
      NDArray live, NDArray moved, Optional<NDArray> sum, NDArray mean, NDArray square) {
    boolean hasMaster() {
      return sum.isPresent();
    }

    boolean decays() {
      return live.getShape().dimension() >= 2;
    }
  }

  private final AdamWSettings settings;
  private final NDManager manager;
  private final List<Slot> slots = new ArrayList<>();
  private final SortedMap<String, NDArray> state = new TreeMap<>();
  private long numSteps;

  /**
   * Prepares to train some weights and switches their gradients on.
   *
   * @param parameters the live weights to train, by name; at least one
   */
  public AdamW(SortedMap<String, NDArray> parameters, AdamWSettings settings) {
    if (parameters.isEmpty()) {
      throw new IllegalArgumentException("an optimizer has at least one parameter");
    }
    this.settings = settings;
    this.manager = parameters.values().iterator().next().getManager().newSubManager();
    parameters.forEach(this::add);
  }

  private void add(String name, NDArray parameter) {
    parameter.setRequiresGradient(true);
    boolean isExact = WeightArrays.elementType(parameter) == ElementType.F32;
    NDArray moved = isExact ? parameter : master(name, parameter);
    Optional<NDArray> sum = isExact ? Optional.empty() : Optional.of(zeros(parameter));
    var slot = new Slot(parameter, moved, sum, zeros(parameter), zeros(parameter));
    state.put(MEAN + name, slot.mean());
    state.put(SQUARE + name, slot.square());
    slots.add(slot);
  }

  private NDArray master(String name, NDArray parameter) {
    NDArray master = manager.create(parameter.getShape(), DataType.FLOAT32);
    OptimizerOps.copy(manager, List.of(master), List.of(parameter));
    state.put(MASTER + name, master);
    return master;
  }

  private NDArray zeros(NDArray like) {
    return manager.zeros(like.getShape(), DataType.FLOAT32);
  }

  /** Bytes that the optimizer of some parameters takes, their gradients not counted. */
  public static long bytes(Collection<NDArray> parameters) {
    return parameters.stream()
        .mapToLong(parameter -> {
          boolean isExact = WeightArrays.elementType(parameter) == ElementType.F32;
          return parameter.size() * (isExact ? 2 : 4) * Float.BYTES;
        })
        .sum();
  }

  /** Steps taken. */
  public long numSteps() {
    return numSteps;
  }

  /** Zeroes the gradients of all parameters, whatever they hold. */
  public void zeroGradients() {
    try (NDManager scope = manager.newSubManager()) {
      List<NDArray> all = new ArrayList<>();
      for (Slot slot : slots) {
        Gradients.of(slot.live(), scope).ifPresent(all::add);
        slot.sum().ifPresent(all::add);
      }
      if (!all.isEmpty()) {
        OptimizerOps.zero(scope, all);
      }
    }
  }

  /**
   * Ends a micro-batch: adds gradients that are not float32 to their float32 sums. Gradients that
   * are float32 add up by themselves.
   */
  public void accumulate() {
    try (NDManager scope = manager.newSubManager()) {
      List<NDArray> sums = new ArrayList<>();
      List<NDArray> addends = new ArrayList<>();
      for (Slot slot : slots) {
        Optional<NDArray> addend =
            slot.hasMaster() ? Gradients.of(slot.live(), scope) : Optional.empty();
        addend.ifPresent(present -> {
          sums.add(slot.sum().orElseThrow());
          addends.add(present);
        });
      }
      if (!sums.isEmpty()) {
        OptimizerOps.accumulate(scope, sums, addends);
      }
    }
  }

  /** Length of the gradients of all parameters as one vector; not finite if one of them is not. */
  public double gradientNorm() {
    try (NDManager scope = manager.newSubManager()) {
      List<NDArray> gradients = gradients(scope);
      return gradients.isEmpty() ? 0 : OptimizerOps.norm(scope, gradients);
    }
  }

  /** The gradients that exist; a handle of {@code scope} where they are not sums of ours. */
  private List<NDArray> gradients(NDManager scope) {
    return slots.stream().flatMap(slot -> gradient(slot, scope).stream()).toList();
  }

  private static Optional<NDArray> gradient(Slot slot, NDManager scope) {
    return slot.hasMaster() ? slot.sum() : Gradients.of(slot.live(), scope);
  }

  /**
   * Clips the gradients and moves the parameters by them. A parameter that no loss has reached yet
   * has a gradient of 0.
   *
   * @param learningRate learning rate of this step
   * @param gradientNorm what {@link #gradientNorm} said, finite
   */
  public void step(double learningRate, double gradientNorm) {
    try (NDManager scope = manager.newSubManager()) {
      if (settings.maxGradNorm() > 0 && gradientNorm > settings.maxGradNorm()) {
        OptimizerOps.scale(scope, gradients(scope), settings.maxGradNorm() / gradientNorm);
      }
      numSteps++;
      move(slots.stream().filter(Slot::decays).toList(), settings.weightDecay(), learningRate);
      move(slots.stream().filter(slot -> !slot.decays()).toList(), 0, learningRate);
      List<Slot> rounded = slots.stream().filter(Slot::hasMaster).toList();
      if (!rounded.isEmpty()) {
        OptimizerOps.copy(
            scope,
            rounded.stream().map(Slot::live).toList(),
            rounded.stream().map(Slot::moved).toList());
      }
    }
  }

  /** One call of the engine for all that are treated alike. */
  private void move(List<Slot> members, double weightDecay, double learningRate) {
    if (members.isEmpty()) {
      return;
    }
    try (NDManager scope = manager.newSubManager()) {
      OptimizerOps.step(
          scope,
          members.stream().map(Slot::moved).toList(),
          members.stream()
              .map(slot ->
                  gradient(slot, scope)
                      .orElseGet(() -> scope.zeros(slot.live().getShape(), DataType.FLOAT32)))
              .toList(),
          members.stream().map(Slot::mean).toList(),
          members.stream().map(Slot::square).toList(),
          numSteps,
          new OptimizerOps.AdamW(
              learningRate, settings.beta1(), settings.beta2(), weightDecay, settings.epsilon()));
    }
  }

  /**
   * All that the next step depends on beside the parameters: their moments, masters where they have
   * some, and the number of steps. The arrays are read when the values are, so that nothing is
   * copied.
   */
  public SortedMap<String, TensorSource> state() {
    SortedMap<String, TensorSource> tensors = new TreeMap<>();
    state.forEach((name, array) -> tensors.put(name, WeightArrays.view(array)));
    tensors.put(STEPS, number(numSteps));
    return tensors;
  }

  /**
   * Goes on from a state that {@link #state} gave for the same parameters.
   *
   * @throws LearnerException if it belongs to other parameters
   */
  public void restore(SortedMap<String, StoredTensor> tensors) {
    SortedMap<String, StoredTensor> arrays = new TreeMap<>(tensors);
    StoredTensor steps = arrays.remove(STEPS);
    if (steps == null || !arrays.keySet().equals(state.keySet())) {
      throw new LearnerException(
          "the optimizer state has %d tensors, this model needs %d, or other names"
              .formatted(tensors.size(), state.size() + 1));
    }
    arrays.forEach((name, tensor) -> {
      NDArray target = Objects.requireNonNull(state.get(name)); // the names are the same
      if (!tensor.shape().equals(WeightArrays.view(target).shape())) {
        throw new LearnerException(
            "the optimizer state has %s of shape %s, this model needs %s"
                .formatted(name, tensor.shape(), target.getShape()));
      }
      try (NDManager scope = manager.newSubManager()) {
        OptimizerOps.copy(scope, List.of(target), List.of(WeightArrays.load(tensor, scope)));
      }
    });
    numSteps = number(steps);
  }

  private static StoredTensor number(long value) {
    ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(0, value);
    return new StoredTensor(ElementType.I64, List.of(), MemorySegment.ofArray(bytes.array()));
  }

  private static long number(StoredTensor tensor) {
    if (tensor.type() != ElementType.I64 || tensor.numElements() != 1) {
      throw new LearnerException(
          "the optimizer state has its steps as %s of shape %s, not as one I64"
              .formatted(tensor.type(), tensor.shape()));
    }
    return tensor.bytes().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).getLong(0);
  }

  /** Gives moments and masters back and switches the gradients of the parameters off. */
  @Override
  public void close() {
    slots.forEach(slot -> slot.live().setRequiresGradient(false));
    manager.close();
  }
}
