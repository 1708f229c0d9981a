package dev.sampo.vlm.lora;

import static dev.sampo.vlm.weights.ElementType.F32;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.StoredTensor;
import dev.sampo.vlm.weights.TensorSource;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Low-rank adapters on some linear modules of a model (Hu et al. 2021), read and written as PEFT
 * does: {@code adapter_config.json} and {@code adapter_model.safetensors}.
 */
public final class LoraAdapter {
  /** The file of the matrices. */
  public static final String FILE = AdapterFiles.MATRICES;

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final AdapterConfig config;
  private final List<AdaptedModule> modules;

  private LoraAdapter(AdapterConfig config, List<AdaptedModule> modules) {
    this.config = config;
    this.modules = List.copyOf(modules);
  }

  /** The adapted modules, in the order in which the model has them. */
  public List<AdaptedModule> modules() {
    return modules;
  }

  /** Rate at which the inputs of adapters are dropped in training. */
  public double dropout() {
    return config.dropout();
  }

  /** All matrices, by the names that PEFT gives them in its files. */
  public SortedMap<String, NDArray> parameters() {
    var parameters = new TreeMap<String, NDArray>();
    for (AdaptedModule module : modules) {
      parameters.put(module.nameOfA(), module.a());
      parameters.put(module.nameOfB(), module.b());
    }
    return parameters;
  }

  /**
   * New adapters, which change nothing yet: {@code A} uniform within {@code 1 / sqrt(in)}, {@code
   * B} zero, as PEFT draws them. The same seed gives the same matrices.
   *
   * @param linears all linear modules of the model
   * @param manager owns the matrices
   * @throws IllegalArgumentException if a target of the settings matches no module
   * @throws ModelException if one matches a module that cannot be adapted
   */
  public static LoraAdapter initialize(
      LoraSettings settings, List<LinearModule> linears, long seed, NDManager manager) {
    AdapterConfig config = AdapterConfig.of(settings);
    List<LinearModule> byName = new ArrayList<>(settings.choose(linears));
    byName.sort(Comparator.comparing(LinearModule::path));
    // In name order, so that the draw does not depend on the order of the model.
    var random = new SplittableRandom(seed);
    var drawn = new TreeMap<String, AdaptedModule>();
    for (LinearModule module : byName) {
      StoredTensor a = uniform(List.of((long) settings.rank(), module.in()), random.split());
      StoredTensor b = zeros(List.of(module.out(), (long) settings.rank()));
      drawn.put(module.path(), adapted(config, module, a, b, manager));
    }
    return new LoraAdapter(config, inOrder(linears, drawn));
  }

  private static StoredTensor uniform(List<Long> shape, SplittableRandom random) {
    StoredTensor tensor = zeros(shape);
    double bound = 1 / Math.sqrt((double) shape.getLast());
    for (long i = 0; i < tensor.numElements(); i++) {
      tensor.bytes().setAtIndex(FLOAT, i, (float) random.nextDouble(-bound, bound));
    }
    return tensor;
  }

  private static StoredTensor zeros(List<Long> shape) {
    int count = Math.toIntExact(shape.getFirst() * shape.getLast());
    return new StoredTensor(F32, shape, MemorySegment.ofArray(new float[count]));
  }

  /**
   * Reads the adapters of a folder.
   *
   * @param linears all linear modules of the model
   * @param base parameters of the model
   * @param manager owns the matrices, which become float32
   * @throws ModelException if a file cannot be read, asks for something that is not supported, or
   *     belongs to another model
   */
  public static LoraAdapter load(
      Path folder, List<LinearModule> linears, SortedMap<String, NDArray> base, NDManager manager) {
    AdapterConfig config = AdapterJson.read(folder);
    Path path = folder.resolve(FILE);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      var reader = new AdapterReader(path, file.tensors());
      var found = new TreeMap<String, AdaptedModule>();
      for (LinearModule module : linears) {
        reader
            .take(module, config.rank(module.path()), base)
            .ifPresent(pair ->
                found.put(module.path(), adapted(config, module, pair.a(), pair.b(), manager)));
      }
      reader.requireAllTaken();
      return new LoraAdapter(config, inOrder(linears, found));
    }
  }

  private static AdaptedModule adapted(
      AdapterConfig config,
      LinearModule module,
      StoredTensor a,
      StoredTensor b,
      NDManager manager) {
    return new AdaptedModule(
        module,
        WeightArrays.load(a, F32, manager),
        WeightArrays.load(b, F32, manager),
        config.scale(module.path()));
  }

  private static List<AdaptedModule> inOrder(
      List<LinearModule> linears, Map<String, AdaptedModule> byPath) {
    return linears.stream()
        .map(module -> Optional.ofNullable(byPath.get(module.path())))
        .flatMap(Optional::stream)
        .toList();
  }

  /**
   * The file of a folder that describes its adapters, if there are any: {@code
   * adapter_config.json}, unless a save was cut short.
   *
   * @throws IOException if the folder cannot be read
   */
  public static Optional<Path> configFile(Path folder) throws IOException {
    return AdapterFiles.config(folder);
  }

  /**
   * Writes the adapters into a folder, which PEFT can load.
   *
   * @param baseModel folder or name of the model that they change
   * @throws IOException if they cannot be written; adapters that the folder held before are kept
   */
  public void save(Path folder, String baseModel) throws IOException {
    List<String> targets = modules.stream().map(adapted -> adapted.module().path()).toList();
    var matrices = new TreeMap<String, TensorSource>();
    parameters().forEach((name, array) -> matrices.put(name, WeightArrays.view(array)));
    AdapterFiles.replace(folder, AdapterJson.write(config, baseModel, targets), matrices);
  }

  /**
   * The parameters of the model that computes without adapters what {@code base} computes with them
   * (but for rounding): {@code W + scale * B A}, in the types of {@code base}. They are computed
   * when they are read. A head that is tied to the embedding becomes a parameter of its own, see
   * {@link #untiesHead}.
   *
   * @param base parameters of the model; they and the adapters must stay open
   */
  public SortedMap<String, TensorSource> merge(SortedMap<String, NDArray> base) {
    var merged = new TreeMap<String, TensorSource>();
    base.forEach((name, array) -> merged.put(name, WeightArrays.view(array)));
    for (AdaptedModule adapted : modules) {
      NDArray weight = Objects.requireNonNull(base.get(adapted.module().weight()));
      merged.put(adapted.module().ownWeight(), new MergedTensor(weight, adapted));
    }
    return merged;
  }

  /**
   * Whether a module is adapted whose matrix another module has too. After {@link #merge} they
   * differ, so {@code config.json} must say {@code "tie_word_embeddings": false}.
   */
  public boolean untiesHead() {
    return modules.stream().anyMatch(adapted -> adapted.module().isTied());
  }
}
