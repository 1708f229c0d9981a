package dev.sampo.actors.engine;

import dev.sampo.actors.node.LearnerPart;
import dev.sampo.actors.node.NodeParts;
import dev.sampo.actors.node.RewardPart;
import dev.sampo.actors.node.RolloutPart;
import dev.sampo.actors.pipeline.SkippedGroups;
import dev.sampo.actors.pipeline.Trainer;
import dev.sampo.actors.question.RunQuestions;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.actors.report.SetAside;
import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.PromptFeed;
import dev.sampo.actors.run.StalenessGate;
import dev.sampo.config.AdapterSettings;
import dev.sampo.config.DataSettings;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.ModelSource;
import dev.sampo.config.NodeRole;
import dev.sampo.config.ResultSettings;
import dev.sampo.config.RunConfig;
import dev.sampo.learner.ReferencePolicy;
import dev.sampo.learner.batch.CachedPromptEncoder;
import dev.sampo.learner.checkpoint.CheckpointFolder;
import dev.sampo.learner.weights.PublishedWeights;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.log.RecordingManifest;
import dev.sampo.protocol.log.RecordingWriter;
import dev.sampo.reward.RewardSettings.WeightedReward;
import dev.sampo.reward.pipeline.RewardPipeline;
import dev.sampo.reward.pipeline.RewardRegistry;
import dev.sampo.tasks.data.DataCursor;
import dev.sampo.tasks.data.DataFile;
import dev.sampo.tasks.data.DataSet;
import dev.sampo.tasks.data.EpochOrder;
import dev.sampo.tasks.data.ImageFiles;
import dev.sampo.tasks.data.PromptSource;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.family.AdapterFolder;
import dev.sampo.vlm.image.ImageLimits;
import dev.sampo.vlm.lora.AdapterSource;
import dev.sampo.vlm.ops.NativeBuild;
import dev.sampo.vlm.prompt.VlmProcessor;
import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.transfer.WeightSnapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The parts of a node, made from a run configuration: opens data, rewards and recording, and says
 * how the models are opened on the threads that own them. Close it after the node.
 */
public final class NodeAssembly implements AutoCloseable {
  private static final long CACHE_BYTES = 256L << 20;
  private static final long MAX_SHARD_BYTES = 64L << 20;
  private static final int KEPT_VERSIONS = 4;
  private static final int CACHED_IMAGES = 4096;

  /** Of a run that only records; bounds the groups that wait for the disk. */
  private static final long MAX_STEPS_AHEAD = 10_000;

  private final LoadedConfig loaded;
  private final RunConfig config;
  private final Path folder;
  private final ExecutorService judges;
  private final NodeParts parts;

  /**
   * Where a run begins.
   *
   * @param checkpoint where it was left; empty for a new run
   * @param settings what decides its result, for the checkpoints
   */
  public record Start(Optional<Path> checkpoint, SortedMap<String, String> settings) {
    /** A new run whose checkpoints nobody compares. */
    public static Start anew(RunConfig config) {
      return new Start(Optional.empty(), ResultSettings.replayed(config));
    }
  }

  private NodeAssembly(LoadedConfig loaded, Path folder) {
    this.loaded = loaded;
    this.config = loaded.settings();
    this.folder = folder;
    this.judges =
        Executors.newFixedThreadPool(
            config.reward().parallelism(),
            Thread.ofPlatform().daemon().name("reward-", 0).factory());
    this.parts =
        new NodeParts(
            config.node().has(NodeRole.LEARNER) ? Optional.of(learner()) : Optional.empty(),
            config.node().has(NodeRole.ROLLOUT) ? Optional.of(rollout()) : Optional.empty(),
            config.node().has(NodeRole.REWARD) ? Optional.of(reward()) : Optional.empty());
  }

  /**
   * Makes the parts that the roles of the configuration ask for.
   *
   * @param folder run folder of the learner; of other nodes a folder for what they fetch
   * @throws dev.sampo.tasks.DataException when the training data cannot be used
   * @throws dev.sampo.reward.RewardException when a reward function is not known
   * @throws dev.sampo.vlm.ModelException when the model folder cannot be used
   */
  public static NodeAssembly of(LoadedConfig loaded, Path folder) {
    return new NodeAssembly(loaded, folder);
  }

  public NodeParts parts() {
    return parts;
  }

  /** Opens the policy that a run starts from. */
  public static VisionLanguageModel open(ModelSource source, long seed) {
    return open(source, seed, adapters(source, seed), Set.of());
  }

  /**
   * Opens the policy that a run goes on with, for training: nothing but that changes its weights.
   *
   * @param checkpoint where it was left; empty for what the run starts from
   */
  public static VisionLanguageModel open(ModelSource source, long seed, Optional<Path> checkpoint) {
    return checkpoint
        .map(folder -> VisionLanguageModels.load(folder, keeping(source, fixed(source))))
        .orElseGet(() -> open(source, seed, adapters(source, seed), fixed(source)));
  }

  private static ModelOptions keeping(ModelSource source, Set<Part> fixed) {
    return ModelOptions.standard()
        .with(source.dtype())
        .keepingFeatures(fixed, source.featureCache().toBytes());
  }

  /** The parts that no step changes: all of a model whose adapters are trained. */
  private static Set<Part> fixed(ModelSource source) {
    return source.lora().enabled() || AdapterFolder.isOne(source.path())
        ? Set.of(Part.values())
        : source.freeze().parts();
  }

  private static VisionLanguageModel open(
      ModelSource source, long seed, AdapterSource adapters, Set<Part> fixed) {
    ModelOptions options = keeping(source, fixed).with(adapters);
    return switch (source.init()) {
      case CHECKPOINT -> VisionLanguageModels.load(source.path(), options);
      case RANDOM -> VisionLanguageModels.initialize(source.path(), seed, options);
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

  /**
   * Reads the training data once.
   *
   * @throws dev.sampo.tasks.DataException when there is no usable row, or no whole step where
   *     {@code data.drop-last} asks for it
   */
  public static void checkData(RunConfig config) {
    DataSet rows = rows(config, new ImageFiles());
    rows.check();
    prompts(config, rows);
  }

  private static DataSet rows(RunConfig config, ImageFiles images) {
    DataSettings data = config.data();
    return DataSet.open(
        List.of(new DataFile(data.train(), data.imageFolder())),
        data.task(),
        RunQuestions.template(config),
        images);
  }

  private PromptFeed feed(ImageFiles images) {
    DataSet rows = rows(config, images);
    return new RowFeed(prompts(config, rows), rows.size());
  }

  /**
   * The visits of a run.
   *
   * @throws dev.sampo.tasks.DataException when there are too few rows for one step and {@code
   *     data.drop-last} is set
   */
  public static PromptSource prompts(RunConfig config, DataSet rows) {
    DataSettings data = config.data();
    EpochOrder all =
        data.shuffle() ? EpochOrder.shuffled(config.run().seed()) : EpochOrder.ofFiles();
    EpochOrder order = data.dropLast() ? all.inWholeSteps(config.learner().groupsPerStep()) : all;
    return new PromptSource(rows, order, DataCursor.START);
  }

  private LearnerPart learner() {
    ImageFiles images = new ImageFiles();
    Path weights = folder.resolve("weights");
    return new LearnerPart(
        config.recording().only()
            ? this::recordOnlyTrainer
            : () ->
                trainer(config, image -> images.find(image.sha256()), folder, Start.anew(config)),
        feed(images),
        images,
        config.recording().enabled() ? Optional.of(openRecording()) : Optional.empty(),
        new GroupDispatch.Terms(
            config.run().seed(),
            config.rollout().groupSize(),
            config.sampling(),
            config.lease().patience(),
            config.lease().maxAttempts()),
        gate(),
        config.staleness().maxWait(),
        config.guards(),
        skippedGroups(loaded, image -> images.find(image.sha256()), folder),
        weights);
  }

  /** Weights that never change make no group too old. */
  private StalenessGate gate() {
    long steps = config.run().steps();
    int max =
        config.recording().only()
            ? (int) Math.min(steps, MAX_STEPS_AHEAD)
            : config.staleness().max();
    return new StalenessGate(max, config.learner().groupsPerStep(), steps);
  }

  private RecordOnlyTrainer recordOnlyTrainer() {
    WeightSnapshot weights;
    try (VisionLanguageModel model = open(config.model(), config.run().seed())) {
      weights = WeightSnapshot.of(model.parameters());
    }
    return new RecordOnlyTrainer(
        new PolicyVersion(config.run().id(), 1, 0, weights.sha256()),
        weights,
        config.learner(),
        rewardWeights(config),
        new PublishedWeights(folder.resolve("weights"), MAX_SHARD_BYTES, KEPT_VERSIONS));
  }

  /**
   * With dropout the log-probs of the learner differ from the rollout's though nothing is wrong.
   */
  private static double maxMismatch(RunConfig config) {
    AdapterSettings adapters = config.model().lora();
    boolean drops = adapters.enabled() && adapters.dropout() > 0;
    return drops ? Double.POSITIVE_INFINITY : config.mismatch().max();
  }

  /**
   * Opens the trainer of a run, on the calling thread.
   *
   * @param images where the encoded bytes of an image are
   * @param folder gets {@code weights/} and {@code checkpoints/}
   * @param start where the run begins
   */
  public static PolicyTrainer trainer(
      RunConfig config, Function<ImageRef, Optional<byte[]>> images, Path folder, Start start) {
    long seed = config.run().seed();
    Path model = config.model().path();
    VisionLanguageModel policy = open(config.model(), seed, start.checkpoint());
    return new PolicyTrainer(
        new PolicyTrainer.Terms(
            config.run().id(),
            seed,
            config.run().steps(),
            rewardWeights(config),
            config.model().freeze().parts(),
            config.checkpoint().every(),
            maxMismatch(config),
            start.settings()),
        config.learner(),
        policy,
        reference(config, policy),
        new CachedPromptEncoder(processor(config.model()), images, CACHED_IMAGES),
        new PublishedWeights(folder.resolve("weights"), MAX_SHARD_BYTES, KEPT_VERSIONS),
        new CheckpointFolder(folder.resolve("checkpoints"), model, config.checkpoint().retention()),
        start.checkpoint());
  }

  /** New adapters are switched off to give the model that the run starts from. */
  private static ReferencePolicy reference(RunConfig config, VisionLanguageModel policy) {
    if (!config.learner().objective().needsReference()) {
      return ReferencePolicy.none();
    }
    if (config.model().lora().enabled()) {
      return ReferencePolicy.withoutAdapters(policy);
    }
    VisionLanguageModel copy =
        open(
            config.model(),
            config.run().seed(),
            AdapterSource.NONE,
            config.model().freeze().parts());
    return ReferencePolicy.copy(copy, config.learner().reference());
  }

  private static Map<String, Double> rewardWeights(RunConfig config) {
    return config.reward().functions().stream()
        .collect(Collectors.toMap(WeightedReward::name, WeightedReward::weight));
  }

  private RolloutPart rollout() {
    var agreements = new AgreementLog(config.mismatch().max());
    return new RolloutPart(
        () ->
            new EngineGenerator(
                open(config.model(), config.run().seed()),
                processor(config.model()),
                config.rollout(),
                config.sampling().maxTokens(),
                "rollout@" + config.node().host(),
                agreements),
        folder.resolve("fetched"),
        CACHE_BYTES,
        agreements::metrics);
  }

  private RewardPart reward() {
    RewardPipeline pipeline =
        new RewardPipeline(config.reward(), RewardRegistry.standard(), judges);
    return new RewardPart(
        group -> pipeline.score(group).thenApply(ScoredGroup::scores),
        config.rollout().maxGroupsInFlight());
  }

  /**
   * Where groups of steps that were left out go: {@code set-aside/} of a run folder.
   *
   * @param images where the encoded bytes of an image are
   */
  public static SkippedGroups skippedGroups(
      LoadedConfig loaded, Function<ImageRef, Optional<byte[]>> images, Path folder) {
    SetAside setAside =
        new SetAside(new RunFolder(folder).setAside(), loaded.settings().guards().keepSetAside());
    return (policy, groups, update) -> {
      if (update.culprits().isEmpty()) {
        return;
      }
      setAside.keepGroups(
          skippedStep(policy, update),
          groups.stream().filter(group -> update.culprits().contains(group.id())).toList(),
          manifest(loaded, policy.weightsHash()),
          images);
    };
  }

  private static SetAside.Step skippedStep(PolicyVersion policy, Trainer.Update update) {
    return switch (update) {
      case Trainer.Update.Skipped(String reason, var _, var metrics) ->
          new SetAside.Step(policy.step() + 1, reason, metrics);
      case Trainer.Update.Taken(var _, var _, var metrics) ->
          new SetAside.Step(policy.step(), "an update after the first was not finite", metrics);
    };
  }

  private RecordingWriter openRecording() {
    return RecordingWriter.open(
        folder.resolve("rollouts"),
        manifest(loaded, initialWeightsHash()),
        config.recording().segmentSize().toBytes());
  }

  private static RecordingManifest manifest(LoadedConfig loaded, String weightsHash) {
    RunConfig config = loaded.settings();
    Path model = config.model().path();
    return new RecordingManifest(
        RecordingManifest.FORMAT_VERSION,
        config.run().id(),
        loaded.render(),
        weightsHash,
        ProcessorHashes.ofTokenizer(model),
        ProcessorHashes.ofImageProcessor(model),
        NativeBuild.torchVersion(),
        NativeBuild.cpuCapability(),
        config.rollout().threads(),
        config.learner().threads());
  }

  private String initialWeightsHash() {
    try (VisionLanguageModel model = open(config.model(), config.run().seed())) {
      return WeightSnapshot.of(model.parameters()).sha256();
    }
  }

  /** Stops the reward threads. The recording is closed by the actor that writes it. */
  @Override
  public void close() {
    judges.shutdownNow();
  }
}
