package dev.sampo.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.learner.LearnerSettings;
import dev.sampo.learner.PolicyUpdate;
import dev.sampo.learner.ReferencePolicy;
import dev.sampo.learner.StepResult;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.LogProbs;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StopReason;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import dev.sampo.vlm.BranchScores;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.TrainingPass;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.family.ModelFolder;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Training steps on the inputs of {@code checkpoint.py}: one group of completions of one prompt.
 * Every step has an image that no step before had, as in a run.
 */
final class StepPhases implements AutoCloseable {
  private static final Set<Part> ENCODER = Set.of(Part.VISION_TOWER, Part.PROJECTOR);
  private static final long STEPS = 1_000_000; // more than are taken: the learning rate is constant

  /** What a step came to. */
  record Outcome(double loss, double gradientNorm) {}

  private final VisionLanguageModel model;
  private final LearnerSettings settings;
  private final boolean frozen;
  private final ModelFlops flops;
  private final float[] pixels;
  private final EncodedPrompt prompt;
  private final List<int[]> completions;
  private final List<float[]> behaviour;
  private final List<Double> scores;
  private final AdamW optimizer;
  private final PolicyUpdate update;
  private final NDManager manager = NDManager.newBaseManager();
  private long steps;

  /**
   * Opens the learner.
   *
   * @param frozen whether the vision tower and its projector are
   */
  StepPhases(Path folder, VisionLanguageModel model, LearnerSettings settings, boolean frozen)
      throws IOException {
    this.model = model;
    this.settings = settings;
    this.frozen = frozen;
    this.flops = ModelFlops.of(ModelFolder.read(folder));
    Path inputs = folder.resolve("inputs");
    JsonNode json = new JsonMapper().readTree(inputs.resolve("inputs.json").toFile());
    JsonNode step = new JsonMapper().readTree(inputs.resolve("step.json").toFile());
    try (SafetensorsFile file = SafetensorsFile.open(inputs.resolve("arrays.safetensors"))) {
      var image = Objects.requireNonNull(file.tensors().get("image.0"));
      this.pixels = image.bytes().toArray(ValueLayout.JAVA_FLOAT);
    }
    int[] grid = ints(json.path("grid"));
    this.prompt =
        new EncodedPrompt(
            ints(json.path("tokens")),
            json.path("positions").valueStream().map(StepPhases::ints).toArray(int[][]::new),
            json.path("next_position").asInt(),
            List.of(new ImagePatches(pixels, grid[0], grid[1], grid[2])));
    this.completions = step.path("completions").valueStream().map(StepPhases::ints).toList();
    this.behaviour = step.path("behaviour").valueStream().map(StepPhases::floats).toList();
    this.scores = step.path("scores").valueStream().map(JsonNode::asDouble).toList();
    this.optimizer = new AdamW(model.trainable(frozen ? ENCODER : Set.of()), settings.optimizer());
    this.update =
        new PolicyUpdate(
            model,
            ReferencePolicy.none(),
            optimizer,
            settings,
            new PolicyUpdate.Run(STEPS, 1, Map.of()),
            _ -> promptWithNewImage());
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private static float[] floats(JsonNode array) {
    var values = new float[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) array.path(i).asDouble();
    }
    return values;
  }

  /** The prompt with an image of its own, which differs from the others in one value, slightly. */
  private EncodedPrompt promptWithNewImage() {
    ImagePatches image = prompt.images().getFirst();
    float[] values = pixels.clone();
    values[0] += 1e-6f * steps++;
    var own = new ImagePatches(values, image.temporal(), image.height(), image.width());
    return new EncodedPrompt(
        prompt.tokenIds(), prompt.positions(), prompt.nextPosition(), List.of(own));
  }

  /** The learner's step. */
  Outcome shared() {
    var version = new PolicyVersion("benchmark", 1, optimizer.numSteps(), "");
    int microBatches = update.begin(List.of(group(version)), version);
    for (int i = 0; i < microBatches; i++) {
      update.microBatch();
    }
    if (!(update.finish() instanceof StepResult.Taken taken)) {
      throw new IllegalStateException("the step was not finite");
    }
    Map<String, Double> metrics = taken.metrics();
    return new Outcome(
        Objects.requireNonNull(metrics.get("loss")),
        Objects.requireNonNull(metrics.get("grad_norm")));
  }

  private ScoredGroup group(PolicyVersion version) {
    List<Completion> sampled = new ArrayList<>();
    List<CompletionScore> scored = new ArrayList<>();
    for (int i = 0; i < completions.size(); i++) {
      sampled.add(
          new Completion(
              TokenIds.of(completions.get(i)),
              LogProbs.of(behaviour.get(i)),
              List.of(new VersionSpan(0, version)),
              StopReason.END_OF_TURN,
              ""));
      double score = scores.get(i);
      scored.add(
          new CompletionScore(
              Map.of("score", new RewardOutcome.Scored(score)), OptionalDouble.of(score)));
    }
    var group =
        new CompletionGroup(
            new LeaseId(1, new GroupId(version.step()), 1),
            new Prompt("benchmark:1", "rec", "", List.of(), "", Map.of()),
            TokenIds.of(prompt.tokenIds()),
            List.of(),
            SamplingSettings.atTemperature(1, completions.getFirst().length),
            0,
            sampled,
            "benchmark");
    return new ScoredGroup(group, scored);
  }

  /** The same step with the prompt repeated for every completion. */
  Outcome plain() {
    PrefixTree tree =
        new PrefixTree(
            completions.stream()
                .map(tokens -> new PrefixTree.Group(promptWithNewImage(), List.of(tokens)))
                .toList());
    var pass = new TrainingPass(1, false, false, settings.microBatchTokens());
    double[] advantages = advantages();
    var total = new double[1];
    optimizer.zeroGradients();
    try (NDManager scope = manager.newSubManager()) {
      model.backward(
          tree,
          pass,
          (first, rows) -> {
            NDArray loss = clipped(first, rows, advantages, scope);
            total[0] += loss.getFloat();
            return Optional.of(loss);
          });
    }
    double norm = optimizer.gradientNorm();
    optimizer.step(settings.learningRate(), norm);
    return new Outcome(total[0], norm);
  }

  /** {@code (score - mean) / (deviation + 1e-4)}. */
  private double[] advantages() {
    double mean = scores.stream().mapToDouble(s -> s).average().orElseThrow();
    double squares = scores.stream().mapToDouble(s -> (s - mean) * (s - mean)).sum();
    double deviation = Math.sqrt(squares / (scores.size() - 1));
    return scores.stream().mapToDouble(s -> (s - mean) / (deviation + 1e-4)).toArray();
  }

  /** The clipped objective of rows without padding, as the mean over completions and tokens. */
  private NDArray clipped(int first, BranchScores rows, double[] advantages, NDManager scope) {
    Shape shape = rows.logProbs().getShape();
    int numRows = (int) shape.get(0);
    int length = (int) shape.get(1);
    var sampled = new float[numRows * length];
    var weights = new float[numRows];
    for (int row = 0; row < numRows; row++) {
      System.arraycopy(behaviour.get(first + row), 0, sampled, row * length, length);
      weights[row] = (float) advantages[first + row];
    }
    NDArray ratio = rows.logProbs().sub(scope.create(sampled, shape)).exp();
    NDArray advantage = scope.create(weights, new Shape(numRows, 1));
    double low = 1 - settings.objective().clip().low();
    double high = 1 + settings.objective().clip().high();
    return ratio
        .mul(advantage)
        .minimum(ratio.clip(low, high).mul(advantage))
        .mul(Gradients.constant(-1.0 / (completions.size() * length), ratio))
        .sum();
  }

  /** A large matrix product, some times. */
  void product() {
    int side = PeerPhases.PRODUCT_SIDE;
    try (NDManager scope = manager.newSubManager()) {
      NDArray a = scope.ones(new Shape(side, side));
      for (int i = 0; i < PeerPhases.PRODUCTS; i++) {
        a.matMul(a).close();
      }
    }
  }

  /**
   * Floating point operations of a step: what is trained costs twice the forward pass once more.
   */
  Map<String, Long> flops() {
    long image = (frozen ? 1 : 3) * flops.vision().image(prompt.images().getFirst());
    long text = 3 * flops.prompt(prompt.length());
    long branches =
        completions.stream()
            .mapToLong(tokens -> 3 * flops.completion(prompt.length(), tokens.length))
            .sum();
    long side = PeerPhases.PRODUCT_SIDE;
    return Map.of(
        "shared", image + text + branches,
        "repeated", completions.size() * (image + text) + branches,
        "product", 2 * PeerPhases.PRODUCTS * side * side * side);
  }

  /** Tokens of a prompt and of all its completions. */
  IntStream tokens() {
    return IntStream.of(
        prompt.length(), completions.stream().mapToInt(tokens -> tokens.length).sum());
  }

  @Override
  public void close() {
    update.close();
    optimizer.close();
    manager.close();
  }
}
