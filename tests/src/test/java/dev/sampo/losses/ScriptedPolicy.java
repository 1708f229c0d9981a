package dev.sampo.losses;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import dev.sampo.vlm.BoxFrame;
import dev.sampo.vlm.BranchLoss;
import dev.sampo.vlm.BranchScores;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import dev.sampo.vlm.ModelSettings;
import dev.sampo.vlm.PolicyScorer;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.TrainingPass;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.weights.Parameter.Part;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * In place of a network, for cases that are about what happens around it: to a prompt, which is one
 * number, it gives the answer of that number, and it notes what it is trained on.
 */
final class ScriptedPolicy implements VisionLanguageModel {
  private static final float CERTAIN = 1e4f;

  private final List<int[]> answers;
  private final int vocabulary;
  private final NDManager manager = NDManager.newBaseManager(Device.cpu());
  private final NDArray weight = manager.zeros(new Shape(1));
  private final List<PrefixTree> trainedOn = new ArrayList<>();

  /**
   * A policy that says what it is told to.
   *
   * @param answers token ids by prompt, each as long as any completion gets
   * @param vocabulary larger than any token id
   */
  ScriptedPolicy(List<int[]> answers, int vocabulary) {
    this.answers = answers;
    this.vocabulary = vocabulary;
  }

  static EncodedPrompt prompt(int number) {
    return new EncodedPrompt(new int[] {number}, new int[3][1], 1, List.of());
  }

  /** What has passed backwards, in order. */
  List<PrefixTree> trainedOn() {
    return trainedOn;
  }

  @Override
  public Device device() {
    return manager.getDevice();
  }

  @Override
  public ModelSettings settings() {
    return new ModelSettings("scripted", vocabulary, 1, new BoxFrame.OriginalImage());
  }

  @Override
  public SortedMap<String, NDArray> parameters() {
    return new TreeMap<>(Map.of("weight", weight));
  }

  @Override
  public SortedMap<String, NDArray> trainable(Set<Part> frozen) {
    return parameters();
  }

  @Override
  public PolicyScorer withoutAdapters() {
    return this;
  }

  @Override
  public BranchScores score(PrefixTree tree, double temperature, NDManager scope) {
    Shape shape = new Shape(tree.numRows(), tree.maxBranchLength());
    NDArray zeros = scope.zeros(shape);
    NDArray logProbs = zeros.add(weight);
    logProbs.attach(scope);
    return new BranchScores(logProbs, zeros, scope.ones(shape));
  }

  @Override
  public boolean backward(PrefixTree tree, TrainingPass pass, BranchLoss loss) {
    trainedOn.add(tree);
    try (NDManager scope = manager.newSubManager();
        GradientCollector collector = Gradients.collect()) {
      Optional<NDArray> total = loss.of(0, score(tree, pass.temperature(), scope));
      total.ifPresent(collector::backward);
      return total.isPresent();
    }
  }

  @Override
  public GenerationCache newCache(GenerationCache.Capacity capacity) {
    return new Script(capacity);
  }

  /** Goes through the answers. */
  private final class Script implements GenerationCache {
    private final Capacity capacity;
    private final int[] prompts; // by slot
    private final int[][] said; // tokens after the first, by slot and row

    Script(Capacity capacity) {
      this.capacity = capacity;
      this.prompts = new int[capacity.slots()];
      this.said = new int[capacity.slots()][];
    }

    @Override
    public Capacity capacity() {
      return capacity;
    }

    @Override
    public NDArray prefill(List<EncodedPrompt> entering, int[] slots, NDManager scope) {
      int[] next = new int[slots.length];
      for (int i = 0; i < slots.length; i++) {
        prompts[slots[i]] = entering.get(i).tokenIds()[0];
        said[slots[i]] = new int[capacity.rowsPerSlot()];
        next[i] = answers.get(prompts[slots[i]])[0];
      }
      return logits(next, scope);
    }

    @Override
    public NDArray decode(int[] rows, int[] tokens, NDManager scope) {
      int[] next = new int[rows.length];
      for (int i = 0; i < rows.length; i++) {
        int slot = rows[i] / capacity.rowsPerSlot();
        int[] counts = said[slot];
        next[i] = answers.get(prompts[slot])[++counts[rows[i] % capacity.rowsPerSlot()]];
      }
      return logits(next, scope);
    }

    private NDArray logits(int[] next, NDManager scope) {
      float[] certain = new float[next.length * vocabulary];
      for (int i = 0; i < next.length; i++) {
        certain[i * vocabulary + next[i]] = CERTAIN;
      }
      return scope.create(certain, new Shape(next.length, vocabulary));
    }

    @Override
    public void close() {}
  }

  @Override
  public void save(Path folder) {
    throw new UnsupportedOperationException("a script has no weights");
  }

  @Override
  public boolean saveMerged(Path folder) {
    throw new UnsupportedOperationException("a script has no weights");
  }

  @Override
  public void close() {
    manager.close();
  }
}
