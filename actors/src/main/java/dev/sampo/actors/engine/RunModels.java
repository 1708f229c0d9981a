package dev.sampo.actors.engine;

import dev.sampo.config.ModelSource;
import dev.sampo.config.RunConfig;
import dev.sampo.learner.ReferencePolicy;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.family.AdapterFolder;
import dev.sampo.vlm.image.ImageLimits;
import dev.sampo.vlm.lora.AdapterSource;
import dev.sampo.vlm.prompt.VlmProcessor;
import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.transfer.WeightSnapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/** How a run opens its models: in its type, with its adapters, and with the memory it allows. */
public final class RunModels {
  private RunModels() {}

  /**
   * What a learner computes with.
   *
   * @param policy the model that is trained
   * @param reference what it is held against
   */
  public record Learned(VisionLanguageModel policy, ReferencePolicy reference) {}

  /** Opens the policy that a run starts from, to generate with it. */
  public static VisionLanguageModel open(ModelSource source, long seed) {
    return open(source, seed, adapters(source, seed), computing(source));
  }

  /** Opens a checkpoint of a run, to generate with it. */
  public static VisionLanguageModel openCheckpoint(ModelSource source, Path checkpoint) {
    return VisionLanguageModels.load(checkpoint, computing(source));
  }

  /**
   * Opens the policy that a run goes on with, for training: nothing but that changes its weights.
   *
   * @param checkpoint where it was left; empty for what the run starts from
   */
  public static VisionLanguageModel openTrained(
      ModelSource source, long seed, Optional<Path> checkpoint) {
    return openTrained(source, seed, checkpoint, source.featureCache().toBytes());
  }

  private static VisionLanguageModel openTrained(
      ModelSource source, long seed, Optional<Path> checkpoint, long featureBytes) {
    ModelOptions options = computing(source).keepingFeatures(fixed(source), featureBytes);
    return checkpoint
        .map(folder -> VisionLanguageModels.load(folder, options))
        .orElseGet(() -> open(source, seed, adapters(source, seed), options));
  }

  /**
   * Opens the policy that a run goes on with, and its reference.
   *
   * @param checkpoint where it was left; empty for what the run starts from
   * @param initialHash SHA-256 of the weights that the run began with, where that is known
   * @throws ReplayException if a reference that is a model of its own has other weights than these
   */
  public static Learned openLearned(
      RunConfig config, Optional<Path> checkpoint, Optional<String> initialHash) {
    ModelSource source = config.model();
    long bytes = featureBytes(config);
    VisionLanguageModel policy = openTrained(source, config.run().seed(), checkpoint, bytes);
    boolean isOpen = false;
    try {
      var learned = new Learned(policy, reference(config, policy, bytes, initialHash));
      isOpen = true;
      return learned;
    } finally {
      if (!isOpen) { // whatever the engine throws
        policy.close();
      }
    }
  }

  /** Memory for features that each model of the learner may use: all, or half where it has two. */
  static long featureBytes(RunConfig config) {
    return config.model().featureCache().toBytes() / (copiesReference(config) ? 2 : 1);
  }

  /** Whether the learner holds a second model: new adapters are switched off instead. */
  public static boolean copiesReference(RunConfig config) {
    return config.learner().objective().needsReference() && !config.model().lora().enabled();
  }

  private static ReferencePolicy reference(
      RunConfig config,
      VisionLanguageModel policy,
      long featureBytes,
      Optional<String> initialHash) {
    if (!config.learner().objective().needsReference()) {
      return ReferencePolicy.none();
    }
    if (!copiesReference(config)) {
      return ReferencePolicy.withoutAdapters(policy);
    }
    ModelSource source = config.model();
    ModelOptions options = computing(source).keepingFeatures(source.freeze().parts(), featureBytes);
    VisionLanguageModel initial = open(source, config.run().seed(), AdapterSource.NONE, options);
    boolean isSame = false;
    try {
      initialHash.ifPresent(
          hash -> requireSame(source, WeightSnapshot.of(initial.parameters()), hash));
      isSame = true;
    } finally {
      if (!isSame) {
        initial.close();
      }
    }
    return ReferencePolicy.copy(initial, config.learner().reference());
  }

  /**
   * Checks that a run still begins with the same weights.
   *
   * @throws ReplayException if these are others
   */
  static void requireSame(ModelSource source, WeightSnapshot weights, String initialHash) {
    if (!weights.sha256().equals(initialHash)) {
      throw new ReplayException(
          "%s (model.path) has other weights than the run began with: SHA-256 %s, not %s; put back the model that was there"
              .formatted(source.path(), weights.sha256(), initialHash));
    }
  }

  private static ModelOptions computing(ModelSource source) {
    return ModelOptions.standard().with(source.dtype());
  }

  /** The parts that no step changes: all of a model whose adapters are trained. */
  public static Set<Part> fixed(ModelSource source) {
    return source.lora().enabled() || AdapterFolder.isOne(source.path())
        ? Set.of(Part.values())
        : source.freeze().parts();
  }

  private static VisionLanguageModel open(
      ModelSource source, long seed, AdapterSource adapters, ModelOptions options) {
    ModelOptions adapted = options.with(adapters);
    return switch (source.init()) {
      case CHECKPOINT -> VisionLanguageModels.load(source.path(), adapted);
      case RANDOM -> VisionLanguageModels.initialize(source.path(), seed, adapted);
    };
  }

  /**
   * The adapters that a run begins with.
   *
   * @throws ModelException if the folder holds adapters and new ones are asked for
   */
  private static AdapterSource adapters(ModelSource source, long seed) {
    if (!source.lora().enabled()) {
      return AdapterSource.NONE;
    }
    checkAdapters(source);
    return new AdapterSource.Fresh(source.lora().settings(), seed);
  }

  /**
   * Checks the adapters that a run adds to its model, without loading it.
   *
   * @throws ModelException if the folder holds adapters already, a target matches no layer, or all
   *     adapters lie on frozen parts
   */
  public static void checkAdapters(ModelSource source) {
    if (!source.lora().enabled()) {
      return;
    }
    if (AdapterFolder.isOne(source.path())) {
      throw new ModelException(
          source.path()
              + ": holds adapters already, which training goes on with; model.lora.enabled must be"
              + " false");
    }
    VisionLanguageModels.requireTargets(
        source.path(), source.lora().settings(), source.freeze().parts());
  }

  /** Opens the tokenizer and the image processor of a run. */
  public static VlmProcessor processor(ModelSource source) {
    return processor(source.path(), source.images());
  }

  /**
   * Opens the tokenizer and the image processor of a model folder.
   *
   * @param limits go before what the folder says about the size of pictures
   * @throws ModelException if a file is missing or broken, or a limit means nothing to the model
   */
  public static VlmProcessor processor(Path folder, ImageLimits limits) {
    try {
      return VlmProcessor.load(folder, limits);
    } catch (FileSystemException e) {
      throw new UncheckedIOException(e);
    } catch (IOException e) {
      throw new ModelException(String.valueOf(e.getMessage()), e);
    }
  }
}
