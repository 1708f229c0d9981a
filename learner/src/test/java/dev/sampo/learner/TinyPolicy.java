package dev.sampo.learner;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
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
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A language model of a few hundred weights for tests of the learner, which only sees {@link
 * VisionLanguageModel}: the next token depends on the token before it and on the mean of the
 * prompt. It computes real log-probs with real gradients; it has no images and no generation cache,
 * and {@link #sample} takes its place.
 */
final class TinyPolicy implements VisionLanguageModel {
  static final int VOCABULARY = 8;
  private static final int WIDTH = 6;

  private final NDManager manager = NDManager.newBaseManager(Device.cpu());
  private final SortedMap<String, NDArray> parameters = new TreeMap<>();
  private int brokenToken = -1;

  TinyPolicy(long seed) {
    Random random = new Random(seed);
    put("bias", random, new Shape(VOCABULARY), 0);
    put("embedding", random, new Shape(VOCABULARY, WIDTH), 0.5f);
    put("head", random, new Shape(WIDTH, VOCABULARY), 0.5f);
  }

  /** From now on the loss of a token is finite and its gradient is not. */
  void breakGradientsOf(int token) {
    brokenToken = token;
  }

  private void put(String name, Random random, Shape shape, float scale) {
    float[] values = new float[(int) shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = scale * (float) random.nextGaussian();
    }
    parameters.put(name, manager.create(values, shape));
  }

  @Override
  public Device device() {
    return Device.cpu();
  }

  @Override
  public ModelSettings settings() {
    return new ModelSettings("tiny", VOCABULARY, WIDTH, new BoxFrame.OriginalImage());
  }

  @Override
  public SortedMap<String, NDArray> parameters() {
    return parameters;
  }

  @Override
  public SortedMap<String, NDArray> trainable(Set<Part> frozen) {
    return parameters;
  }

  @Override
  public BranchScores score(PrefixTree tree, double temperature, NDManager scope) {
    return score(tree, new TrainingPass(temperature, false, false, 1), scope);
  }

  @Override
  public PolicyScorer withoutAdapters() {
    return this;
  }

  /** One block per row. */
  @Override
  public boolean backward(PrefixTree tree, TrainingPass pass, BranchLoss loss) {
    try (NDManager scope = manager.newSubManager();
        GradientCollector collector = Gradients.collect()) {
      BranchScores all = score(tree, pass, scope);
      NDArray total = scope.create(0f);
      for (int row = 0; row < tree.numRows(); row++) {
        NDIndex one = new NDIndex("{}:{}", row, row + 1);
        Optional<NDArray> part =
            loss.of(
                row,
                new BranchScores(
                    all.logProbs().get(one), all.entropies().get(one), all.mask().get(one)));
        if (part.isEmpty()) {
          return false;
        }
        total = total.add(part.orElseThrow());
      }
      collector.backward(total);
      return true;
    }
  }

  private BranchScores score(PrefixTree tree, TrainingPass pass, NDManager scope) {
    int rows = tree.numRows();
    int longest = tree.maxBranchLength();
    float[] before = new float[rows * longest * VOCABULARY];
    float[] prompt = new float[rows * longest * VOCABULARY];
    float[] chosen = new float[rows * longest * VOCABULARY];
    float[] mask = new float[rows * longest];
    float[] smooth = new float[rows * longest];
    Arrays.fill(smooth, 1);
    int row = 0;
    for (PrefixTree.Group group : tree.groups()) {
      int[] prefix = group.prompt().tokenIds();
      for (int[] branch : group.branches()) {
        for (int t = 0; t < branch.length; t++) {
          int at = row * longest + t;
          int previous = t == 0 ? prefix[prefix.length - 1] : branch[t - 1];
          before[at * VOCABULARY + previous] = 1;
          chosen[at * VOCABULARY + branch[t]] = 1;
          mask[at] = 1;
          smooth[at] = branch[t] == brokenToken ? 0 : 1;
          for (int token : prefix) {
            prompt[at * VOCABULARY + token] += 1f / prefix.length;
          }
        }
        row++;
      }
    }
    Shape flat = new Shape((long) rows * longest, VOCABULARY);
    NDArray context = scope.create(before, flat).add(scope.create(prompt, flat)); // [R C, V]
    NDArray logits = logits(context).div(Gradients.constant(pass.temperature(), context));
    NDArray all = logits.logSoftmax(-1); // [R C, V]
    Shape shape = new Shape(rows, longest);
    NDArray live = scope.create(mask, shape);
    NDArray logProbs =
        all.mul(scope.create(chosen, flat)).sum(new int[] {1}).reshape(shape).mul(live);
    if (brokenToken >= 0) {
      // A root of 0 is finite, its gradient is not.
      NDArray ones = scope.create(smooth, shape);
      NDArray root = weight("bias").sub(weight("bias")).sum().add(ones).sqrt();
      logProbs = logProbs.add(root.sub(ones).mul(live));
    }
    NDArray fixed = pass.entropyGradients() ? all : all.stopGradient();
    NDArray entropies = fixed.exp().mul(fixed).sum(new int[] {1}).neg().reshape(shape);
    BranchScores scores = new BranchScores(logProbs, entropies.mul(live), live);
    new NDList(scores.logProbs(), scores.entropies(), scores.mask()).attach(scope);
    return scores;
  }

  private NDArray logits(NDArray context) {
    return context.matMul(weight("embedding")).tanh().matMul(weight("head")).add(weight("bias"));
  }

  private NDArray weight(String name) {
    NDArray array = parameters.get(name);
    if (array == null) {
      throw new AssertionError("no weight " + name);
    }
    return array;
  }

  /** Completions of one length, with their log-probs. */
  record Sample(List<int[]> tokens, List<float[]> logProbs) {}

  Sample sample(EncodedPrompt prompt, int count, int length, Random random) {
    List<int[]> tokens = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] completion = new int[length];
      for (int t = 0; t < length; t++) {
        completion[t] = draw(next(prompt, Arrays.copyOf(completion, t)), random);
      }
      tokens.add(completion);
    }
    return new Sample(tokens, logProbs(prompt, tokens));
  }

  List<float[]> logProbs(EncodedPrompt prompt, List<int[]> completions) {
    try (NDManager scope = manager.newSubManager()) {
      float[] all =
          score(new PrefixTree(List.of(new PrefixTree.Group(prompt, completions))), 1, scope)
              .logProbs()
              .toFloatArray();
      int longest = completions.stream().mapToInt(c -> c.length).max().orElseThrow();
      List<float[]> result = new ArrayList<>();
      for (int row = 0; row < completions.size(); row++) {
        int start = row * longest;
        result.add(Arrays.copyOfRange(all, start, start + completions.get(row).length));
      }
      return result;
    }
  }

  private float[] next(EncodedPrompt prompt, int[] soFar) {
    List<int[]> candidates = new ArrayList<>();
    for (int token = 0; token < VOCABULARY; token++) {
      int[] candidate = Arrays.copyOf(soFar, soFar.length + 1);
      candidate[soFar.length] = token;
      candidates.add(candidate);
    }
    List<float[]> all = logProbs(prompt, candidates);
    float[] last = new float[VOCABULARY];
    for (int token = 0; token < VOCABULARY; token++) {
      last[token] = (float) Math.exp(all.get(token)[soFar.length]);
    }
    return last;
  }

  private static int draw(float[] probabilities, Random random) {
    double u = random.nextDouble();
    int token = 0;
    while (token < probabilities.length - 1 && u >= probabilities[token]) {
      u -= probabilities[token++];
    }
    return token;
  }

  @Override
  public GenerationCache newCache(GenerationCache.Capacity capacity) {
    throw new UnsupportedOperationException("the tests sample by scoring");
  }

  @Override
  public boolean saveMerged(Path folder) throws IOException {
    save(folder);
    return false;
  }

  @Override
  public void save(Path folder) throws IOException {
    WeightArrays.save(folder.resolve("model.safetensors"), parameters);
  }

  @Override
  public void close() {
    manager.close();
  }
}
