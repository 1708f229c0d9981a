package dev.sampo.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.decoder.Decoder;
import dev.sampo.vlm.decoder.DecoderSettings;
import dev.sampo.vlm.decoder.ImageFeatures;
import dev.sampo.vlm.family.Architecture;
import dev.sampo.vlm.family.ModelFamilies;
import dev.sampo.vlm.family.ModelFolder;
import dev.sampo.vlm.family.VisionEncoder;
import dev.sampo.vlm.ops.NetworkWeights;
import dev.sampo.vlm.weights.ParameterTable;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.StoredTensor;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** The parts of a model that are compared, on the inputs of {@code checkpoint.py}. */
final class PeerPhases implements AutoCloseable {
  private static final String FEATURES = "features";
  static final int PRODUCT_SIDE = 1024;
  static final int PRODUCTS = 20;
  private static final long READ_FLOATS = 1 << 26;

  private final VisionLanguageModel model;
  private final ModelFlops flops;
  private final NDManager manager = NDManager.newBaseManager();
  private final ParameterTable visionTable;
  private final ParameterTable decoderTable;
  private final VisionEncoder encoder;
  private final Map<String, GenerationCache> caches = new HashMap<>();

  /** Takes image features as they are. */
  private final Decoder decoder;

  private final List<ImagePatches> images = new ArrayList<>();
  private final EncodedPrompt prompt;

  /** Tokens of each decoded row. */
  private final int[][] continuations;

  PeerPhases(Path folder, VisionLanguageModel model) throws IOException {
    this.model = model;
    ModelFolder read = ModelFolder.read(folder);
    this.flops = ModelFlops.of(read);
    Architecture architecture = ModelFamilies.of(read).architecture(read);
    this.visionTable = architecture.visionTable();
    this.decoderTable = architecture.decoderTable();
    this.encoder = architecture.vision().apply(weights(visionTable));

    Path inputs = folder.resolve("inputs");
    JsonNode json = new JsonMapper().readTree(inputs.resolve("inputs.json").toFile());
    int[] grid = ints(json.path("grid"));
    NDArray features;
    try (SafetensorsFile file = SafetensorsFile.open(inputs.resolve("arrays.safetensors"))) {
      file.tensors()
          .forEach((name, tensor) -> {
            if (!name.equals(FEATURES)) {
              float[] values = tensor.bytes().toArray(ValueLayout.JAVA_FLOAT);
              images.add(new ImagePatches(values, grid[0], grid[1], grid[2]));
            }
          });
      features = WeightArrays.load(Objects.requireNonNull(file.tensors().get(FEATURES)), manager);
    }
    this.prompt =
        new EncodedPrompt(
            ints(json.path("tokens")),
            json.path("positions").valueStream().map(PeerPhases::ints).toArray(int[][]::new),
            json.path("next_position").asInt(),
            List.of(images.getFirst()));
    this.continuations =
        json.path("continuations").valueStream().map(PeerPhases::ints).toArray(int[][]::new);
    var known = new ImageFeatures(imageTokens(architecture.imageTokenId()), new long[0], features);
    this.decoder = new Decoder(architecture.decoder(), weights(decoderTable), (_, _) -> known);
  }

  private static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private long[] imageTokens(int imageToken) {
    return IntStream.range(0, prompt.length())
        .filter(at -> prompt.tokenIds()[at] == imageToken)
        .asLongStream()
        .toArray();
  }

  private NetworkWeights weights(ParameterTable table) {
    List<NDArray> arrays =
        table.slots().stream()
            .map(slot ->
                slot.map(p -> Objects.requireNonNull(model.parameters().get(p.name())))
                    .orElseGet(() -> manager.create(new float[0])))
            .toList();
    List<NDArray> noAdapters = List.of(manager.create(new float[0]));
    return new NetworkWeights(arrays, noAdapters, noAdapters);
  }

  /**
   * Prepares a phase.
   *
   * @param phase {@code vision-N}: N images; {@code prefill-N}: the prompt, its image features
   *     being known, into a slot of N rows; {@code prompt-N}: the same with the vision tower;
   *     {@code decode-N}: the continuations of N rows; {@code product}, {@code read}: what the
   *     machine does at best
   * @param scope owns what is computed
   * @return what is to be timed
   */
  Supplier<NDArray> prepare(String phase, NDManager scope) {
    String name = phase.replaceFirst("-.*", "");
    int count = name.equals(phase) ? 1 : Integer.parseInt(phase.substring(name.length() + 1));
    return switch (name) {
      case "vision" ->
          () -> encoder.project(encoder.tower(images.subList(0, count), scope), scope, false);
      case "prefill" -> {
        GenerationCache cache = known(count);
        yield () -> prefill(cache, scope);
      }
      case "prompt" -> {
        GenerationCache cache = whole(count);
        yield () -> prefill(cache, scope);
      }
      case "decode" -> {
        GenerationCache cache = known(count);
        prefill(cache, scope);
        yield () -> decode(cache, count, scope);
      }
      case "product" -> product(scope);
      case "read" -> scope.ones(new Shape(READ_FLOATS))::sum;
      default -> throw new IllegalArgumentException("no phase is called " + phase);
    };
  }

  /** A cache as a worker has it: opened once, filled again and again. */
  private GenerationCache known(int rows) {
    return caches.computeIfAbsent("known " + rows, _ -> decoder.newCache(capacity(rows), manager));
  }

  private GenerationCache whole(int rows) {
    return caches.computeIfAbsent("whole " + rows, _ -> model.newCache(capacity(rows)));
  }

  private GenerationCache.Capacity capacity(int rows) {
    return new GenerationCache.Capacity(1, rows, prompt.length(), continuations[0].length);
  }

  private NDArray prefill(GenerationCache cache, NDManager scope) {
    return cache.prefill(List.of(prompt), new int[] {0}, scope);
  }

  private NDArray decode(GenerationCache cache, int count, NDManager scope) {
    int[] rows = IntStream.range(0, count).toArray();
    NDArray logits = scope.create(0f);
    for (int step = 0; step < continuations[0].length; step++) {
      int at = step;
      int[] tokens = IntStream.of(rows).map(row -> continuations[row][at]).toArray();
      logits.close();
      logits = cache.decode(rows, tokens, scope);
    }
    return logits;
  }

  private static Supplier<NDArray> product(NDManager scope) {
    var shape = new Shape(PRODUCT_SIDE, PRODUCT_SIDE);
    NDArray a = scope.randomUniform(0, 1, shape, DataType.FLOAT32);
    NDArray b = scope.randomUniform(0, 1, shape, DataType.FLOAT32);
    return () -> {
      for (int i = 1; i < PRODUCTS; i++) {
        a.matMul(b).close();
      }
      return a.matMul(b);
    };
  }

  /**
   * What a phase cannot do without.
   *
   * @param flops of its matrix products, prompts of several rows once
   * @param bytes of weights, keys and values that it reads
   */
  record Floor(long flops, long bytes) {}

  /** By phase. */
  Map<String, Floor> floors() {
    ImagePatches image = images.getFirst();
    long imageFlops = flops.vision().image(image);
    long promptFlops = flops.prompt(prompt.length());
    var floors = new TreeMap<String, Floor>();
    for (int count : new int[] {1, images.size()}) {
      floors.put("vision-" + count, new Floor(count * imageFlops, bytes(visionTable)));
    }
    long decoderBytes = decoderBytes();
    for (int rows : new int[] {1, continuations.length}) {
      floors.put("prefill-" + rows, new Floor(promptFlops, decoderBytes));
      floors.put(
          "prompt-" + rows, new Floor(imageFlops + promptFlops, bytes(visionTable) + decoderBytes));
      floors.put("decode-" + rows, decodeFloor(rows));
    }
    floors.put("product", new Floor(2L * PRODUCTS * PRODUCT_SIDE * PRODUCT_SIDE * PRODUCT_SIDE, 0));
    floors.put("read", new Floor(0, Float.BYTES * READ_FLOATS));
    return floors;
  }

  private Floor decodeFloor(int rows) {
    DecoderSettings d = flops.decoder();
    long place = 2L * Float.BYTES * d.numLayers() * d.numKeyValueHeads() * d.headSize();
    int length = prompt.length();
    long work = 0;
    long bytes = 0;
    for (int step = 1; step <= continuations[0].length; step++) {
      work += rows * flops.token(length + step);
      bytes += decoderBytes() + place * (length + (long) rows * step);
    }
    return new Floor(work, bytes);
  }

  /** Without the embedding, of which a token takes one row, unless it is the head too. */
  private long decoderBytes() {
    DecoderSettings d = flops.decoder();
    long embedding = d.tiedHead() ? 0 : (long) Float.BYTES * d.vocabularySize() * d.hiddenSize();
    return bytes(decoderTable) - embedding;
  }

  private static long bytes(ParameterTable table) {
    return table
        .parameters()
        .distinct() // a tied head is the embedding
        .mapToLong(parameter -> Float.BYTES * StoredTensor.numElements(parameter.shape()))
        .sum();
  }

  @Override
  public void close() {
    caches.values().forEach(GenerationCache::close);
    manager.close();
  }
}
