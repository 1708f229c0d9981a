package dev.sampo.actors.engine;

import dev.sampo.actors.node.LearnerPart;
import dev.sampo.actors.node.NodeParts;
import dev.sampo.actors.node.RewardPart;
import dev.sampo.actors.node.RolloutPart;
import dev.sampo.actors.pipeline.JournalWriter;
import dev.sampo.actors.question.RunQuestions;
import dev.sampo.actors.run.GroupDispatch;
import dev.sampo.actors.run.PromptFeed;
import dev.sampo.actors.run.Replacement;
import dev.sampo.actors.run.StalenessGate;
import dev.sampo.actors.transfer.HashedFiles;
import dev.sampo.config.AdapterSettings;
import dev.sampo.config.DataSettings;
import dev.sampo.config.LoadedConfig;
import dev.sampo.config.NodeRole;
import dev.sampo.config.RunConfig;
import dev.sampo.learner.batch.CachedPromptEncoder;
import dev.sampo.learner.batch.GroupScreen;
import dev.sampo.learner.checkpoint.CheckpointFolder;
import dev.sampo.learner.weights.PublishedWeights;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.log.Recording;
import dev.sampo.protocol.log.RecordingWriter;
import dev.sampo.reward.RewardSettings.WeightedReward;
import dev.sampo.reward.pipeline.RewardPipeline;
import dev.sampo.reward.pipeline.RewardRegistry;
import dev.sampo.tasks.data.DataCursor;
import dev.sampo.tasks.data.DataFile;
import dev.sampo.tasks.data.DataRow;
import dev.sampo.tasks.data.DataSet;
import dev.sampo.tasks.data.EpochOrder;
import dev.sampo.tasks.data.ImageFiles;
import dev.sampo.tasks.data.PromptSource;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.family.AdapterFolder;
import dev.sampo.vlm.weights.transfer.WeightSnapshot;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.function.Supplier;
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
  private static final String WEIGHTS = "weights";

  /** Of a run that only records; bounds the groups that wait for the disk. */
  private static final long MAX_STEPS_AHEAD = 10_000;

  private final LoadedConfig loaded;
  private final RunConfig config;
  private final Path folder;
  private final ExecutorService judges;
  private final NodeParts parts;

  /**
   * Where a trainer begins.
   *
   * @param checkpoint where it was left; empty for a new run
   * @param settings what decides its result, for the checkpoints
   * @param term the learner's term
   * @param initialHash SHA-256 of the weights that the run began with, where that is known
   */
  public record Start(
      Optional<Path> checkpoint,
      SortedMap<String, String> settings,
      int term,
      Optional<String> initialHash) {}

  private NodeAssembly(LoadedConfig loaded, Path folder, Optional<RunStart> start) {
    this.loaded = loaded;
    this.config = loaded.settings();
    this.folder = folder;
    this.judges =
        Executors.newFixedThreadPool(
            config.reward().parallelism(),
            Thread.ofPlatform().daemon().name("reward-", 0).factory());
    this.parts =
        new NodeParts(
            start.map(this::learner),
            config.node().has(NodeRole.ROLLOUT) ? Optional.of(rollout()) : Optional.empty(),
            config.node().has(NodeRole.REWARD) ? Optional.of(reward()) : Optional.empty());
  }

  /**
   * Makes the parts that the roles of the configuration ask for.
   *
   * @param folder run folder of the learner; of other nodes a folder for what they fetch
   * @param start present exactly on the learner's node
   * @throws dev.sampo.tasks.DataException when the training data cannot be used
   * @throws dev.sampo.reward.RewardException when a reward function is not known
   * @throws dev.sampo.vlm.ModelException when the model folder cannot be used
   */
  public static NodeAssembly of(LoadedConfig loaded, Path folder, Optional<RunStart> start) {
    if (start.isPresent() != loaded.settings().node().has(NodeRole.LEARNER)) {
      throw new IllegalArgumentException("a start is given on the learner's node, and there alone");
    }
    return new NodeAssembly(loaded, folder, start);
  }

  public NodeParts parts() {
    return parts;
  }

  /**
   * Reads the training data once.
   *
   * @return how many rows cannot be used, in a line; empty if all can
   * @throws dev.sampo.tasks.DataException when there is no usable row, or no whole step where
   *     {@code data.drop-last} asks for it
   */
  public static Optional<String> checkData(RunConfig config) {
    DataSet rows = rows(config, new ImageFiles());
    List<DataRow.BadRow> bad = rows.check();
    prompts(config, rows);
    return bad.stream()
        .findFirst()
        .map(first ->
            "%d of %d training rows cannot be used and are set aside when their turn comes, first %s: %s"
                .formatted(bad.size(), rows.size(), first.source(), first.reason()));
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

  private static String fingerprint(SortedMap<String, String> settings) {
    return HashedFiles.sha256Of(settings.toString().getBytes(StandardCharsets.UTF_8));
  }

  private LearnerPart learner(RunStart start) {
    ImageFiles images = new ImageFiles();
    Optional<RecordingWriter> writer =
        config.recording().enabled()
            ? Optional.of(reading(start, () -> RunRecording.open(loaded, folder, start)))
            : Optional.empty();
    Optional<Recording> recording =
        writer.map(present -> Recording.open(folder.resolve(RunRecording.FOLDER)));
    Recovery recovery = new Recovery(start, recording);
    return new LearnerPart(
        () -> {
          start.beforehand().run();
          return config.recording().only()
              ? recordOnlyTrainer(start, recovery)
              : recovered(start, recovery, image -> find(image, images, recording));
        },
        feed(images),
        images,
        writer,
        start.ledger(),
        reading(start, recovery::accepted),
        new JournalWriter.Patience(config.ledger().attempts(), config.ledger().retryAfter()),
        new GroupDispatch.Terms(
            config.run().seed(),
            fingerprint(start.settings()),
            config.rollout().groupSize(),
            config.sampling(),
            config.lease().patience(),
            config.lease().maxAttempts()),
        gate(),
        new Replacement(config.learner().maxExtraGroups(), screen(config)::whyUseless),
        config.staleness().maxWait(),
        config.guards(),
        RunRecording.skippedGroups(loaded, image -> find(image, images, recording), folder),
        folder.resolve(WEIGHTS));
  }

  private PolicyTrainer recovered(
      RunStart start, Recovery recovery, Function<ImageRef, Optional<byte[]>> images) {
    return reading(
        start,
        () ->
            recovery.trainer(
                term ->
                    trainer(
                        config,
                        images,
                        folder,
                        new Start(start.checkpoint(), start.settings(), term, start.initialHash())),
                checkpoints(config, folder)));
  }

  /** Does what reads the recording of the run. */
  private <T> T reading(RunStart start, Supplier<T> read) {
    return DamagedRecording.orWayOut(
        folder.resolve(RunRecording.FOLDER), start.ledger().groups(), start.checkpoint(), read);
  }

  /** Rows that this process has not visited have their images in the recording. */
  private static Optional<byte[]> find(
      ImageRef image, ImageFiles images, Optional<Recording> recording) {
    return images
        .find(image.sha256())
        .or(() -> recording.map(present -> present.image(image.sha256())));
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

  private RecordOnlyTrainer recordOnlyTrainer(RunStart start, Recovery recovery) {
    WeightSnapshot weights;
    try (VisionLanguageModel model = RunModels.open(config.model(), config.run().seed())) {
      weights = WeightSnapshot.of(model.parameters());
    }
    start.initialHash().ifPresent(hash -> RunModels.requireSame(config.model(), weights, hash));
    return new RecordOnlyTrainer(
        reading(start, recovery::recordedVersion)
            .orElseGet(() -> new PolicyVersion(config.run().id(), 1, 0, weights.sha256())),
        weights,
        config.learner(),
        rewardWeights(config),
        new PublishedWeights(folder.resolve(WEIGHTS), MAX_SHARD_BYTES, KEPT_VERSIONS));
  }

  /**
   * With dropout the log-probs of the learner differ from the rollout's though nothing is wrong.
   */
  static double maxMismatch(RunConfig config) {
    AdapterSettings adapters = config.model().lora();
    double dropout =
        adapters.enabled() ? adapters.dropout() : AdapterFolder.dropout(config.model().path());
    return dropout > 0 ? Double.POSITIVE_INFINITY : config.mismatch().max();
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
    RunModels.Learned models =
        RunModels.openLearned(config, start.checkpoint(), start.initialHash());
    return new PolicyTrainer(
        new PolicyTrainer.Terms(
            config.run().id(),
            start.term(),
            seed,
            config.run().steps(),
            rewardWeights(config),
            config.model().freeze().parts(),
            config.checkpoint().every(),
            maxMismatch(config),
            start.settings()),
        config.learner(),
        models.policy(),
        models.reference(),
        new CachedPromptEncoder(RunModels.processor(config.model()), images, CACHED_IMAGES),
        new PublishedWeights(folder.resolve(WEIGHTS), MAX_SHARD_BYTES, KEPT_VERSIONS),
        checkpoints(config, folder),
        start.checkpoint());
  }

  static CheckpointFolder checkpoints(RunConfig config, Path folder) {
    return new CheckpointFolder(
        folder.resolve("checkpoints"), config.model().path(), config.checkpoint().retention());
  }

  /** Tells groups that the objective's filter leaves something of. */
  static GroupScreen screen(RunConfig config) {
    return new GroupScreen(config.learner().objective().advantages(rewardWeights(config)));
  }

  static Map<String, Double> rewardWeights(RunConfig config) {
    return config.reward().functions().stream()
        .collect(Collectors.toMap(WeightedReward::name, WeightedReward::weight));
  }

  private RolloutPart rollout() {
    var agreements = new AgreementLog(config.mismatch().max());
    return new RolloutPart(
        () ->
            new EngineGenerator(
                RunModels.open(config.model(), config.run().seed()),
                RunModels.processor(config.model()),
                config.rollout(),
                config.sampling().maxTokens(),
                "rollout@" + config.node().host(),
                agreements),
        folder.resolve("fetched"),
        CACHE_BYTES,
        agreements::take);
  }

  private RewardPart reward() {
    RewardPipeline pipeline =
        new RewardPipeline(config.reward(), RewardRegistry.standard(), judges);
    return new RewardPart(
        group -> pipeline.score(group).thenApply(ScoredGroup::scores),
        config.rollout().maxGroupsInFlight());
  }

  /** Stops the reward threads. The recording is closed by the actor that writes it. */
  @Override
  public void close() {
    judges.shutdownNow();
  }
}
