package dev.sampo.learner.optimizer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.sampo.learner.LearnerException;
import dev.sampo.vlm.ops.OptimizerOps;
import dev.sampo.vlm.weights.StoredTensor;
import dev.sampo.vlm.weights.WeightArrays;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2) over the weights of a
 * model. It owns their gradients: it switches them on, zeroes them, and nobody else touches them.
 * Runs on the thread that owns the model.
 */
public final class AdamW implements AutoCloseable {
  private static final String MEAN = "mean.";
  private static final String SQUARE = "square.";

  /** Parameters that are treated alike. */
  private record Members(
      List<NDArray> parameters,
      List<NDArray> means,
      List<NDArray> squares,
      List<NDArray> steps,
      double weightDecay) {
    Members(double weightDecay) {
      this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), weightDecay);
    }
  }

  private final AdamWSettings settings;
  private final NDManager manager;
  private final SortedMap<String, NDArray> state = new TreeMap<>();
  private final Members decayed;
  private final Members free;
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
    this.decayed = new Members(settings.weightDecay());
    this.free = new Members(0);
    parameters.forEach(this::add);
  }

  private void add(String name, NDArray parameter) {
    Members members = parameter.getShape().dimension() >= 2 ? decayed : free;
    NDArray mean = manager.zeros(parameter.getShape(), DataType.FLOAT32);
    NDArray square = manager.zeros(parameter.getShape(), DataType.FLOAT32);
    parameter.setRequiresGradient(true);
    members.parameters().add(parameter);
    members.means().add(mean);
    members.squares().add(square);
    members.steps().add(manager.zeros(new Shape(), DataType.FLOAT32));
    state.put(MEAN + name, mean);
    state.put(SQUARE + name, square);
  }

  /** Steps taken. */
  public long numSteps() {
    return numSteps;
  }

  /** Zeroes the gradients of all parameters, whatever they hold. */
  public void zeroGradients() {
    try (NDManager scope = manager.newSubManager()) {
      OptimizerOps.zero(scope, allGradients(scope));
    }
  }

  /** Length of the gradients of all parameters as one vector; not finite if one of them is not. */
  public double gradientNorm() {
    try (NDManager scope = manager.newSubManager()) {
      return OptimizerOps.norm(scope, allGradients(scope));
    }
  }

  /**
   * Clips the gradients and moves the parameters by them.
   *
   * @param learningRate learning rate of this step
   * @param gradientNorm what {@link #gradientNorm} said, finite
   */
  public void step(double learningRate, double gradientNorm) {
    try (NDManager scope = manager.newSubManager()) {
      if (settings.maxGradNorm() > 0 && gradientNorm > settings.maxGradNorm()) {
        OptimizerOps.scale(scope, allGradients(scope), settings.maxGradNorm() / gradientNorm);
      }
      step(decayed, learningRate, scope);
      step(free, learningRate, scope);
    }
    numSteps++;
  }

  private void step(Members members, double learningRate, NDManager scope) {
    if (members.parameters().isEmpty()) {
      return;
    }
    OptimizerOps.step(
        scope,
        members.parameters(),
        gradients(members, scope),
        members.means(),
        members.squares(),
        members.steps(),
        new OptimizerOps.AdamW(
            learningRate,
            settings.beta1(),
            settings.beta2(),
            members.weightDecay(),
            settings.epsilon()));
  }

  private List<NDArray> allGradients(NDManager scope) {
    List<NDArray> all = gradients(decayed, scope);
    all.addAll(gradients(free, scope));
    return all;
  }

  /** Handles of the live gradients, owned by {@code scope}; zeros for one that does not exist. */
  private static List<NDArray> gradients(Members members, NDManager scope) {
    List<NDArray> gradients = new ArrayList<>();
    for (NDArray parameter : members.parameters()) {
      NDArray gradient = parameter.getGradient();
      gradient.attach(scope);
      gradients.add(gradient);
    }
    return gradients;
  }

  /** A copy of the moments, by parameter name with a prefix. */
  public SortedMap<String, StoredTensor> state() {
    SortedMap<String, StoredTensor> tensors = new TreeMap<>();
    state.forEach((name, array) -> tensors.put(name, WeightArrays.store(array)));
    return tensors;
  }

  /**
   * Goes on from a state that {@link #state} gave for the same parameters.
   *
   * @param tensors the moments
   * @param steps the steps taken until then
   * @throws LearnerException if it belongs to other parameters
   */
  public void restore(SortedMap<String, StoredTensor> tensors, long steps) {
    if (!tensors.keySet().equals(state.keySet())) {
      throw new LearnerException(
          "the optimizer state has %d tensors, this model needs %d, or other names"
              .formatted(tensors.size(), state.size()));
    }
    try (NDManager scope = manager.newSubManager()) {
      List<NDArray> sources = new ArrayList<>();
      for (Map.Entry<String, StoredTensor> entry : tensors.entrySet()) {
        sources.add(WeightArrays.load(entry.getValue(), scope));
      }
      OptimizerOps.copy(scope, List.copyOf(state.values()), sources);
      List<NDArray> counters = new ArrayList<>(decayed.steps());
      counters.addAll(free.steps());
      NDArray count = scope.create((float) steps);
      OptimizerOps.copy(scope, counters, Collections.nCopies(counters.size(), count));
    }
    numSteps = steps;
  }

  /** Gives the moments back and switches the gradients of the parameters off. */
  @Override
  public void close() {
    for (Members members : List.of(decayed, free)) {
      members.parameters().forEach(parameter -> parameter.setRequiresGradient(false));
    }
    manager.close();
  }
}
