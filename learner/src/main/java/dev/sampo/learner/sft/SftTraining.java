package dev.sampo.learner.sft;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.sampo.learner.LearnerException;
import dev.sampo.learner.batch.PromptEncoder;
import dev.sampo.learner.guard.StepMetrics;
import dev.sampo.learner.optimizer.AdamW;
import dev.sampo.learner.optimizer.LearningRateSchedule;
import dev.sampo.vlm.BranchScores;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.TrainingPass;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.ops.NativeThreads;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.function.Function;

/**
 * Supervised training: the mean cross-entropy over all answer tokens of a step. Questions about one
 * image pass the network as one tree, so that the image and what the questions have in common pass
 * it once. While a step runs, another thread reads and encodes the rows of the next one.
 *
 * <p>The rows of a step are a function of the seed and the number of the step: a training over a
 * restored model and optimizer goes on where the checkpoint was taken, with the same rows. All
 * calls on one thread.
 */
public final class SftTraining implements AutoCloseable {
  private final VisionLanguageModel model;
  private final AdamW optimizer;
  private final SftSettings settings;
  private final List<SftData> data;
  private final PromptEncoder encoder;
  private final Function<String, int[]> answerEncoder;
  private final long seed;
  private final List<ImageBlocks> blocks;
  private final LearningRateSchedule learningRates;
  private final ExecutorService reader =
      Executors.newSingleThreadExecutor(
          task -> Thread.ofPlatform().name("sft-reader").daemon().unstarted(task));
  private CompletableFuture<SftBatch> next;
  private long numTaken;

  /**
   * Prepares a run and reads all rows once.
   *
   * @param data the rows of each phase of {@code settings}
   * @param encoder thread-safe
   * @param answerEncoder token ids of an answer, the end token included; thread-safe
   * @param seed decides the order of the rows and what dropout drops
   * @param numTaken steps of the run that {@code model} and {@code optimizer} have behind them
   * @throws LearnerException if a phase has no usable row
   */
  public SftTraining(
      VisionLanguageModel model,
      AdamW optimizer,
      SftSettings settings,
      List<SftData> data,
      PromptEncoder encoder,
      Function<String, int[]> answerEncoder,
      long seed,
      long numTaken) {
    if (data.size() != settings.phases().size()) {
      throw new IllegalArgumentException(
          "%d phases need as many data sets, got %d"
              .formatted(settings.phases().size(), data.size()));
    }
    this.model = model;
    this.optimizer = optimizer;
    this.settings = settings;
    this.data = List.copyOf(data);
    this.encoder = encoder;
    this.answerEncoder = answerEncoder;
    this.seed = seed;
    this.blocks = new ArrayList<>();
    for (int phase = 0; phase < data.size(); phase++) {
      blocks.add(ImageBlocks.scan(data.get(phase), seed + phase));
    }
    this.learningRates = settings.learningRates();
    this.numTaken = numTaken;
    this.next = read(numTaken);
  }

  /** Rows of all phases that cannot be used. */
  public int numBadRows() {
    return blocks.stream().mapToInt(ImageBlocks::numBadRows).sum();
  }

  /** Steps of the run taken so far. */
  public long numTaken() {
    return numTaken;
  }

  public boolean isFinished() {
    return numTaken >= settings.totalSteps();
  }

  /**
   * Takes the next step, or leaves it out when its loss or gradient is not finite.
   *
   * @return with {@code loss}, {@code grad_norm}, {@code learning_rate}, {@code num_tokens} (answer
   *     tokens of the step), {@code rows}, {@code rows_set_aside}, {@code phase} (from 1), {@code
   *     time/wait}, {@code time/step} in seconds
   * @throws LearnerException if no row of the step can be used
   */
  public SftStep step() {
    long start = System.nanoTime();
    long step = numTaken;
    SftBatch batch = await(next);
    next = read(step + 1);
    SortedMap<String, Double> metrics = new TreeMap<>();
    metrics.put("time/wait", (System.nanoTime() - start) / 1e9);
    metrics.put("num_tokens", (double) batch.numAnswerTokens());
    metrics.put("rows", (double) batch.numRows());
    metrics.put("rows_set_aside", (double) batch.numSetAside());
    metrics.put("phase", 1.0 + phaseOf(step));
    NativeThreads.use(settings.threads());
    optimizer.zeroGradients();
    Gradients.seed(seed, step);
    Optional<Fault> fault = update(batch, learningRates.at(step), metrics);
    metrics.put("time/step", (System.nanoTime() - start) / 1e9);
    numTaken++;
    return fault
        .<SftStep>map(found -> new SftStep.Skipped(found.reason(), found.rows(), metrics))
        .orElseGet(() -> new SftStep.Taken(metrics));
  }

  /**
   * Why the weights cannot be moved.
   *
   * @param reason one line
   */
  private record Fault(String reason, List<SftExample> rows) {}

  /** Moves the weights, or says why not; puts loss, gradient norm and learning rate. */
  private Optional<Fault> update(
      SftBatch batch, double learningRate, SortedMap<String, Double> metrics) {
    metrics.put("learning_rate", learningRate);
    double loss = 0;
    for (SftBatch.Part part : batch.parts()) {
      List<SftExample> culprits = new ArrayList<>();
      loss += backward(part, culprits);
      metrics.put("loss", loss);
      if (!culprits.isEmpty()) {
        return Optional.of(new Fault("the loss is not finite", culprits));
      }
    }
    double norm = optimizer.gradientNorm();
    metrics.put(StepMetrics.GRADIENT_NORM, norm);
    if (!Double.isFinite(norm)) {
      return Optional.of(new Fault("a gradient is not finite", batch.examples()));
    }
    optimizer.step(learningRate, norm);
    return Optional.empty();
  }

  /**
   * Adds the gradients of a part.
   *
   * @param culprits gets the rows to blame if the loss is not finite
   * @return its share of the loss
   */
  private double backward(SftBatch.Part part, List<SftExample> culprits) {
    var pass = new TrainingPass(1, false, settings.recompute(), settings.logitTokens());
    var sum = new DoubleAdder();
    model.backward(
        part.tree(),
        pass,
        (first, scores) -> {
          NDArray loss = loss(part, first, scores);
          float value = loss.getFloat();
          sum.add(value);
          if (!Float.isFinite(value)) {
            culprits.addAll(culprits(part, first, scores));
            return Optional.empty();
          }
          return Optional.of(loss);
        });
    optimizer.accumulate();
    return sum.sum();
  }

  /** The rows of a block with a log-prob that is not finite, or all when there is none. */
  private static List<SftExample> culprits(SftBatch.Part part, int firstRow, BranchScores scores) {
    Shape shape = scores.logProbs().getShape(); // [r, C]
    int longest = (int) shape.get(1);
    float[] logProbs = scores.logProbs().toFloatArray();
    List<SftExample> block = part.examples().subList(firstRow, firstRow + (int) shape.get(0));
    List<SftExample> found = new ArrayList<>();
    for (int row = 0; row < block.size(); row++) {
      for (int i = row * longest; i < (row + 1) * longest; i++) {
        if (part.live()[firstRow * longest + i] && !Float.isFinite(logProbs[i])) {
          found.add(block.get(row));
          break;
        }
      }
    }
    return found.isEmpty() ? block : found;
  }

  private static NDArray loss(SftBatch.Part part, int firstRow, BranchScores scores) {
    Shape shape = scores.logProbs().getShape(); // [r, C]
    NDManager scope = scores.logProbs().getManager();
    int from = (int) (firstRow * shape.get(1));
    int to = (int) (from + shape.size());
    NDArray live = scope.create(Arrays.copyOfRange(part.live(), from, to), shape);
    NDArray weights = scope.create(Arrays.copyOfRange(part.weights(), from, to), shape);
    NDArray logProbs =
        NDArrays.where(live, scores.logProbs(), scores.logProbs().zerosLike()); // [r, C]
    return logProbs.mul(weights).sum().neg();
  }

  private int phaseOf(long step) {
    int phase = 0;
    long end = settings.phases().getFirst().steps();
    while (step >= end && phase < settings.phases().size() - 1) {
      end += settings.phases().get(++phase).steps();
    }
    return phase;
  }

  private CompletableFuture<SftBatch> read(long step) {
    if (step >= settings.totalSteps()) {
      return CompletableFuture.failedFuture(
          new IllegalStateException("the run ends after step " + settings.totalSteps()));
    }
    return CompletableFuture.supplyAsync(() -> readNow(step), reader);
  }

  private SftBatch readNow(long step) {
    int phase = phaseOf(step);
    long before = settings.phases().stream().limit(phase).mapToLong(SftPhase::steps).sum();
    SftPhase shape = settings.phases().get(phase);
    List<SharedPrefix.Branches> images = new ArrayList<>();
    int setAside = 0;
    for (int[] rows :
        blocks.get(phase).rowsOf(step - before, shape.imagesPerStep(), shape.questionsPerImage())) {
      try {
        images.add(encode(data.get(phase), rows));
      } catch (LearnerException e) {
        setAside += rows.length;
      }
    }
    if (images.isEmpty()) {
      throw new LearnerException("step " + step + ": no row can be used, phase " + (phase + 1));
    }
    return SftBatch.of(images, setAside, settings.microBatchTokens());
  }

  private SharedPrefix.Branches encode(SftData rows, int[] chosen) {
    List<SftExample> examples =
        Arrays.stream(chosen)
            .mapToObj(row -> rows.example(row).orElseThrow(() -> gone(row)))
            .toList();
    List<EncodedPrompt> prompts =
        examples.stream().map(example -> encoder.encode(example.prompt())).toList();
    List<int[]> answers =
        examples.stream().map(example -> answerEncoder.apply(example.answer())).toList();
    return SharedPrefix.of(examples, prompts, answers);
  }

  private static LearnerException gone(int row) {
    return new LearnerException("row " + row + " was usable when the run started");
  }

  private static SftBatch await(CompletableFuture<SftBatch> batch) {
    try {
      return batch.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** Stops reading; model and optimizer stay open. */
  @Override
  public void close() {
    reader.shutdownNow();
  }
}
