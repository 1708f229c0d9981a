package dev.sampo.vlm.family;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.BranchLoss;
import dev.sampo.vlm.BranchScores;
import dev.sampo.vlm.GenerationCache;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.ModelSettings;
import dev.sampo.vlm.PolicyScorer;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.TrainingPass;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.decoder.Decoder;
import dev.sampo.vlm.lora.AdaptedModule;
import dev.sampo.vlm.lora.AdapterSource;
import dev.sampo.vlm.lora.LinearModule;
import dev.sampo.vlm.lora.LoraAdapter;
import dev.sampo.vlm.ops.NetworkWeights;
import dev.sampo.vlm.weights.CheckpointWriter;
import dev.sampo.vlm.weights.LayoutTensors;
import dev.sampo.vlm.weights.Parameter;
import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.TensorSource;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/** A model of any family: its vision encoder in front of its decoder. */
public final class FamilyModel implements VisionLanguageModel {
  private final Architecture architecture;
  private final Path folder;
  private final NDManager manager;
  private final ModelOptions options;

  /** Parameters of the model proper, without adapters. */
  private final SortedMap<String, NDArray> base;

  private final Optional<LoraAdapter> adapter;
  private final SortedMap<String, NDArray> parameters;
  private final Decoder decoder;

  /** The decoder without adapters. */
  private final Decoder plain;

  private FamilyModel(
      Architecture architecture,
      Path folder,
      NDManager manager,
      SortedMap<String, NDArray> base,
      ModelOptions options) {
    this.architecture = architecture;
    this.folder = folder;
    this.manager = manager;
    this.base = base;
    this.options = options;
    this.adapter = adapter(architecture, base, options.adapters(), manager);
    var all = new TreeMap<>(base);
    adapter.ifPresent(lora -> all.putAll(lora.parameters()));
    this.parameters = Collections.unmodifiableSortedMap(all);
    var cache = new FeatureCache(options.featureBytes(), options.precision(), manager);
    ImageEncoding images = images(adapter, cache);
    this.decoder = decoder(adapter, images);
    boolean seesTheSame = adapter.stream().noneMatch(FamilyModel::adaptsVision);
    this.plain =
        adapter.isPresent()
            ? decoder(Optional.empty(), seesTheSame ? images : images(Optional.empty(), cache))
            : decoder;
  }

  private static boolean adaptsVision(LoraAdapter lora) {
    return lora.modules().stream().anyMatch(adapted -> adapted.module().part() != Part.DECODER);
  }

  private ImageEncoding images(Optional<LoraAdapter> lora, FeatureCache cache) {
    NetworkWeights vision =
        new NetworkAssembly(base, lora, manager).weights(architecture.visionTable());
    return new ImageEncoding(vision, architecture, options.fixed(), cache, manager);
  }

  private Decoder decoder(Optional<LoraAdapter> lora, ImageEncoding images) {
    NetworkWeights weights =
        new NetworkAssembly(base, lora, manager).weights(architecture.decoderTable());
    return new Decoder(architecture.decoder(), weights, images);
  }

  private static Optional<LoraAdapter> adapter(
      Architecture architecture,
      SortedMap<String, NDArray> base,
      AdapterSource source,
      NDManager manager) {
    List<LinearModule> linears = architecture.linears();
    return switch (source) {
      case AdapterSource.None _ -> Optional.empty();
      case AdapterSource.Fresh fresh ->
          Optional.of(LoraAdapter.initialize(fresh.settings(), linears, fresh.seed(), manager));
      case AdapterSource.Stored stored ->
          Optional.of(LoraAdapter.load(stored.folder(), linears, base, manager));
    };
  }

  /**
   * Loads the weights of a folder.
   *
   * @throws ModelException if they are missing, damaged or do not fit the architecture
   */
  public static FamilyModel load(Architecture architecture, Path folder, ModelOptions options) {
    return create(
        architecture,
        folder,
        options,
        manager -> ModelWeights.load(architecture, folder, options.precision(), manager));
  }

  /**
   * Draws a clean start; the same seed gives the same weights.
   *
   * @param folder where the architecture was read from
   */
  public static FamilyModel initialize(
      Architecture architecture, Path folder, long seed, ModelOptions options) {
    return create(
        architecture,
        folder,
        options,
        manager -> ModelWeights.draw(architecture, seed, options.precision(), manager));
  }

  private static FamilyModel create(
      Architecture architecture,
      Path folder,
      ModelOptions options,
      Function<NDManager, SortedMap<String, NDArray>> weights) {
    NDManager manager = Engine.getEngine("PyTorch").newBaseManager(options.device());
    boolean isOpen = false;
    try {
      var model = new FamilyModel(architecture, folder, manager, weights.apply(manager), options);
      isOpen = true;
      return model;
    } finally {
      if (!isOpen) { // whatever the engine throws
        manager.close();
      }
    }
  }

  @Override
  public Device device() {
    return manager.getDevice();
  }

  @Override
  public ModelSettings settings() {
    return new ModelSettings(
        architecture.modelType(),
        architecture.decoder().vocabularySize(),
        architecture.decoder().hiddenSize(),
        architecture.boxFrame());
  }

  @Override
  public SortedMap<String, NDArray> parameters() {
    return parameters;
  }

  @Override
  public BranchScores score(PrefixTree tree, double temperature, NDManager scope) {
    return decoder.score(tree, temperature, scope);
  }

  @Override
  public PolicyScorer withoutAdapters() {
    return plain::score;
  }

  @Override
  public boolean backward(PrefixTree tree, TrainingPass pass, BranchLoss loss) {
    return decoder.backward(tree, pass, loss, manager);
  }

  @Override
  public GenerationCache newCache(GenerationCache.Capacity capacity) {
    return decoder.newCache(capacity, manager);
  }

  @Override
  public SortedMap<String, NDArray> trainable(Set<Part> frozen) {
    var trainable = new TreeMap<String, NDArray>();
    if (adapter.isPresent()) {
      for (AdaptedModule lora : adapter.get().modules()) {
        if (!frozen.contains(lora.module().part())) {
          trainable.put(lora.nameOfA(), lora.a());
          trainable.put(lora.nameOfB(), lora.b());
        }
      }
    } else {
      architecture
          .parameters()
          .forEach((name, parameter) -> {
            if (!frozen.contains(parameter.part())) {
              trainable.put(name, Objects.requireNonNull(base.get(name)));
            }
          });
    }
    return Collections.unmodifiableSortedMap(trainable);
  }

  @Override
  public void save(Path target) throws IOException {
    if (adapter.isPresent()) {
      adapter.get().save(target, folder.toAbsolutePath().normalize().toString());
    } else {
      write(target, views(base));
    }
  }

  @Override
  public boolean saveMerged(Path target) throws IOException {
    write(target, adapter.isPresent() ? adapter.get().merge(base) : views(base));
    return adapter.isPresent() && adapter.get().untiesHead();
  }

  private static SortedMap<String, TensorSource> views(SortedMap<String, NDArray> arrays) {
    var views = new TreeMap<String, TensorSource>();
    arrays.forEach((name, array) -> views.put(name, WeightArrays.view(array)));
    return views;
  }

  private void write(Path target, SortedMap<String, TensorSource> values) throws IOException {
    var known = new TreeMap<>(architecture.parameters());
    // A head that was tied to the embedding before adapters were merged into it.
    values.forEach((name, value) ->
        known.computeIfAbsent(name, _ -> new Parameter(name, value.shape(), Part.DECODER, 0, 0)));
    CheckpointWriter.write(
        target,
        LayoutTensors.of(architecture.layout(), known.values(), values),
        CheckpointWriter.MAX_FILE_BYTES);
  }

  @Override
  public void close() {
    manager.close();
  }
}
