package dev.sampo.vlm.lora;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.vlm.ModelOptions;
import dev.sampo.vlm.Precision;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.VisionLanguageModels;
import dev.sampo.vlm.weights.CheckpointWriter;
import dev.sampo.vlm.weights.TensorSource;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Writes what tests/goldens/check_exchange.py reads: {@code AdapterExchange MODEL OUT} saves the
 * weights of a model folder in several files, in float32 and bfloat16, and adapters with the model
 * that they are merged into.
 */
final class AdapterExchange {
  private static final String CONFIG = "config.json";
  private static final long FILE_BYTES = 40_000;
  private static final int SEED = 3;

  private AdapterExchange() {}

  public static void main(String[] arguments) throws IOException {
    Path model = Path.of(arguments[0]);
    Path out = Path.of(arguments[1]);
    for (Precision precision : Precision.values()) {
      saveInSeveralFiles(model, out.resolve("files-" + precision), precision);
    }
    var everywhere = new LoraSettings(4, 8, 0.05, List.of());
    saveAdapted(model, out.resolve("default"), new AdapterSource.Fresh(everywhere, SEED));
    var some = new LoraSettings(3, 5.5, 0, List.of("q_proj", "layers\\.0\\.mlp\\..*"));
    saveAdapted(model, out.resolve("some"), new AdapterSource.Fresh(some, SEED));
    Path stored = model.resolve("adapter");
    saveAdapted(model, out.resolve("stored"), new AdapterSource.Stored(stored));
  }

  private static void saveInSeveralFiles(Path from, Path to, Precision precision)
      throws IOException {
    Files.createDirectories(to);
    Files.copy(from.resolve(CONFIG), to.resolve(CONFIG));
    try (VisionLanguageModel model =
        VisionLanguageModels.load(from, ModelOptions.onCpu().with(precision))) {
      var tensors = new TreeMap<String, TensorSource>();
      model.parameters().forEach((name, array) -> tensors.put(name, WeightArrays.view(array)));
      CheckpointWriter.write(to, tensors, FILE_BYTES);
    }
  }

  private static void saveAdapted(Path from, Path to, AdapterSource source) throws IOException {
    Path adapter = Files.createDirectories(to.resolve("adapter"));
    Path merged = Files.createDirectories(to.resolve("merged"));
    try (VisionLanguageModel model =
        VisionLanguageModels.load(from, ModelOptions.onCpu().with(source))) {
      if (source instanceof AdapterSource.Fresh) {
        randomise(model.trainable(Set.of()).values());
      }
      model.save(adapter);
      var json = new JsonMapper();
      ObjectNode config = (ObjectNode) json.readTree(from.resolve(CONFIG).toFile());
      if (model.saveMerged(merged)) {
        config.put("tie_word_embeddings", false);
      }
      json.writeValue(merged.resolve(CONFIG).toFile(), config);
    }
  }

  private static void randomise(Iterable<NDArray> arrays) {
    var random = new SplittableRandom(SEED);
    for (NDArray array : arrays) {
      float[] values = new float[(int) array.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = 0.1f * (float) random.nextGaussian();
      }
      array.set(values);
    }
  }
}
