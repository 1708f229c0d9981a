package dev.sampo.vlm.family;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.BranchScores;
import dev.sampo.vlm.GenerationCache;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.ModelSettings;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.decoder.Decoder;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.ops.NetworkWeights;
import dev.sampo.vlm.weights.CheckpointWriter;
import dev.sampo.vlm.weights.LayoutTensors;
import dev.sampo.vlm.weights.ParameterTable;
import dev.sampo.vlm.weights.TensorSource;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/** A model of any family: its vision encoder in front of its decoder. */
public final class FamilyModel implements VisionLanguageModel {
  private final Architecture architecture;
  private final NDManager manager;
  private final SortedMap<String, NDArray> parameters;
  private final Decoder decoder;

  private FamilyModel(
      Architecture architecture, NDManager manager, SortedMap<String, NDArray> parameters) {
    this.architecture = architecture;
    this.manager = manager;
    this.parameters = Collections.unmodifiableSortedMap(parameters);
    NetworkWeights vision = network(architecture.visionTable());
    var images =
        new ImageEncoding(architecture.vision().apply(vision), vision, architecture, manager);
    this.decoder =
        new Decoder(architecture.decoder(), network(architecture.decoderTable()), images);
  }

  private NetworkWeights network(ParameterTable table) {
    NDArray absent = manager.create(new float[0]);
    // An array of its own: native calls tell lists apart by the names of their arrays.
    List<NDArray> noAdapters = List.of(manager.create(new float[0]));
    List<NDArray> arrays =
        table.slots().stream()
            .map(slot -> slot.map(p -> Objects.requireNonNull(parameters.get(p.name()))))
            .map(slot -> slot.orElse(absent))
            .toList();
    return new NetworkWeights(arrays, noAdapters, noAdapters);
  }

  /**
   * Loads the weights of a folder.
   *
   * @throws ModelException if they are missing, damaged or do not fit the architecture
   */
  public static FamilyModel load(Architecture architecture, Path folder, ModelOptions options) {
    return create(
        architecture,
        options,
        manager -> ModelWeights.load(architecture, folder, options.precision(), manager));
  }

  /** Draws a clean start; the same seed gives the same weights. */
  public static FamilyModel initialize(Architecture architecture, long seed, ModelOptions options) {
    return create(
        architecture,
        options,
        manager -> ModelWeights.draw(architecture, seed, options.precision(), manager));
  }

  private static FamilyModel create(
      Architecture architecture,
      ModelOptions options,
      Function<NDManager, SortedMap<String, NDArray>> weights) {
    NDManager manager = Engine.getEngine("PyTorch").newBaseManager(options.device());
    try {
      return new FamilyModel(architecture, manager, weights.apply(manager));
    } catch (ModelException e) {
      manager.close();
      throw e;
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
        architecture.decoder().hiddenSize());
  }

  @Override
  public SortedMap<String, NDArray> parameters() {
    return parameters;
  }

  @Override
  public BranchScores score(PrefixTree tree, double temperature, NDManager scope) {
    return decoder.score(tree, temperature, scope, Gradients.areRecordedFor(parameters.values()));
  }

  @Override
  public GenerationCache newCache(GenerationCache.Capacity capacity) {
    return decoder.newCache(capacity, manager);
  }

  @Override
  public void save(Path folder) throws IOException {
    var values = new TreeMap<String, TensorSource>();
    parameters.forEach((name, array) -> values.put(name, WeightArrays.view(array)));
    CheckpointWriter.write(
        folder,
        LayoutTensors.of(
            architecture.layout(), ModelWeights.parameters(architecture).values(), values),
        CheckpointWriter.MAX_FILE_BYTES);
  }

  @Override
  public void close() {
    manager.close();
  }
}
