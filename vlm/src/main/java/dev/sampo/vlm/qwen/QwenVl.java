package dev.sampo.vlm.qwen;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.BranchScores;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.ModelSettings;
import dev.sampo.vlm.PrefixTree;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.DecoderOps;
import dev.sampo.vlm.ops.Gradients;
import dev.sampo.vlm.weights.Checkpoint;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.function.Function;

/** Qwen2.5-VL on one device, in float32. */
public final class QwenVl implements VisionLanguageModel {
  /** {@code model_type} of config.json. */
  public static final String MODEL_TYPE = "qwen2_5_vl";

  private final QwenVlSettings settings;
  private final NDManager manager;
  private final SortedMap<String, NDArray> parameters;
  private final List<NDArray> textWeights;
  private final ImageEncoding images;

  private QwenVl(
      QwenVlSettings settings,
      ParameterTable table,
      NDManager manager,
      SortedMap<String, NDArray> parameters) {
    this.settings = settings;
    this.manager = manager;
    this.parameters = Collections.unmodifiableSortedMap(parameters);
    this.textWeights = inOrder(table.text(), parameters);
    var tower = new VisionTower(settings.vision(), inOrder(table.vision(), parameters));
    this.images = new ImageEncoding(tower, settings);
  }

  private static List<NDArray> inOrder(
      List<ParameterTable.Parameter> table, SortedMap<String, NDArray> parameters) {
    return table.stream().map(parameter -> parameters.get(parameter.name())).toList();
  }

  /**
   * Reads settings from {@code config.json}.
   *
   * @param source named in errors
   * @throws ModelException if a setting is missing, wrong or not supported
   */
  public static QwenVlSettings readSettings(JsonNode config, Path source) {
    return QwenVlConfig.read(config, source);
  }

  /**
   * Loads the weights of a folder.
   *
   * @throws ModelException if they are missing, damaged or do not fit the settings
   */
  public static QwenVl load(QwenVlSettings settings, Path folder, Device device) {
    ParameterTable table = ParameterTable.of(settings);
    return create(settings, table, device, manager -> QwenVlWeights.load(table, folder, manager));
  }

  /** Draws a clean start; the same seed gives the same weights. */
  public static QwenVl initialize(QwenVlSettings settings, long seed, Device device) {
    ParameterTable table = ParameterTable.of(settings);
    return create(settings, table, device, manager -> QwenVlWeights.draw(table, seed, manager));
  }

  private static QwenVl create(
      QwenVlSettings settings,
      ParameterTable table,
      Device device,
      Function<NDManager, SortedMap<String, NDArray>> weights) {
    NDManager manager = Engine.getEngine("PyTorch").newBaseManager(device);
    try {
      return new QwenVl(settings, table, manager, weights.apply(manager));
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
        MODEL_TYPE, settings.text().vocabularySize(), settings.text().hiddenSize());
  }

  @Override
  public SortedMap<String, NDArray> parameters() {
    return parameters;
  }

  @Override
  public BranchScores score(PrefixTree tree, double temperature, NDManager scope) {
    if (tree.numRows() == 0) {
      throw new IllegalArgumentException("nothing to score: the tree has no branches");
    }
    boolean recording = Gradients.areRecordedFor(parameters.values());
    List<EncodedPrompt> prompts = tree.groups().stream().map(PrefixTree.Group::prompt).toList();
    var layout = new TreeLayout(tree);
    DecoderOps.Tree arrays =
        layout.arrays(images.encode(prompts, scope, recording), settings.text(), scope);
    DecoderOps.Targets targets =
        layout.targets(temperature, settings.text().vocabularySize(), scope);
    NDList result = DecoderOps.score(scope, textWeights, arrays, targets, recording);
    if (!recording) {
      // What inference mode makes cannot enter a recorded loss; copies can.
      result = new NDList(result.stream().map(NDArray::duplicate).toList());
    }
    return new BranchScores(result.get(0), result.get(1), result.get(2));
  }

  @Override
  public GenerationCache newCache(GenerationCache.Capacity capacity) {
    return new QwenVlCache(settings.text(), textWeights, images, capacity, manager);
  }

  @Override
  public void save(Path folder) throws IOException {
    WeightArrays.save(folder.resolve(Checkpoint.FILE), parameters);
  }

  @Override
  public void close() {
    manager.close();
  }
}
