package dev.sampo.vlm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.weights.Parameter.Part;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.TensorSource;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoraAdapterTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final LinearModule QUERIES =
      new LinearModule(
          "model.language_model.q_proj",
          "model.q_proj",
          "model.q_proj.weight",
          Part.DECODER,
          3,
          2,
          false,
          Optional.empty());
  private static final LinearModule HEAD =
      new LinearModule(
          "lm_head",
          "lm_head",
          "model.embed_tokens.weight",
          Part.DECODER,
          4,
          2,
          false,
          Optional.empty());
  private static final LinearModule VISION =
      new LinearModule(
          "model.visual.qkv",
          "visual.qkv",
          "visual.qkv.weight",
          Part.VISION_TOWER,
          2,
          2,
          true,
          Optional.empty());
  private static final List<LinearModule> LINEARS = List.of(VISION, QUERIES, HEAD);
  private static final LoraSettings STANDARD = new LoraSettings(2, 6, 0.05, List.of());

  private final NDManager scope = NDManager.newBaseManager("PyTorch");
  private final SortedMap<String, NDArray> base = new TreeMap<>();

  @TempDir private Path folder;

  @BeforeEach
  void makeBase() {
    base.put(
        "model.embed_tokens.weight", scope.create(new float[][] {{1, 2}, {3, 4}, {5, 6}, {7, 8}}));
    base.put("model.q_proj.weight", scope.create(new float[][] {{1, 0}, {0, 1}, {1, 1}}));
    base.put("visual.qkv.weight", scope.create(new float[][] {{1, 0}, {0, 1}}));
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void byDefaultEveryLinearOutsideTheVisionTowerIsAdapted() {
    LoraAdapter adapter = LoraAdapter.initialize(STANDARD, LINEARS, 1, scope);

    assertThat(adapter.parameters().keySet())
        .containsExactly(
            "base_model.model.lm_head.lora_A.weight",
            "base_model.model.lm_head.lora_B.weight",
            "base_model.model.model.language_model.q_proj.lora_A.weight",
            "base_model.model.model.language_model.q_proj.lora_B.weight");
    assertThat(adapter.modules())
        .allSatisfy(module -> {
          assertThat(module.scale()).isEqualTo(3);
          assertThat(module.b().toFloatArray()).containsOnly(0);
          // Uniform within one over the root of the number of inputs.
          assertThat(module.a().abs().max().getFloat()).isBetween(0.1f, 0.7072f);
        });
  }

  @ParameterizedTest
  @CsvSource({
    "q_proj, model.language_model.q_proj",
    "q_p.*, model.language_model.q_proj",
    "model.visual.qkv, model.visual.qkv",
    "visual.qkv, model.visual.qkv"
  })
  void targetsMatchTheEndOfAPath(String target, String path) {
    assertThat(new LoraSettings(1, 1, 0, List.of(target)).choose(LINEARS))
        .extracting(LinearModule::path)
        .containsExactly(path);
  }

  @Test
  void settingsThatMakeNoSenseAreRefused() {
    assertThatThrownBy(() -> new LoraSettings(0, 1, 0, List.of()))
        .hasMessage("the rank of an adapter must be at least 1, got 0");
    assertThatThrownBy(() -> new LoraSettings(1, 0, 0, List.of()))
        .hasMessage("the alpha of an adapter must be above 0, got 0.0");
    assertThatThrownBy(() -> new LoraSettings(1, 1, 1, List.of()))
        .hasMessage("the dropout of an adapter must be at least 0 and below 1, got 1.0");
    assertThatThrownBy(() -> new LoraSettings(1, 1, 0, List.of("(")))
        .hasMessageStartingWith("adapter target '(' is not a regular expression: ");
    assertThatThrownBy(() -> new LoraSettings(1, 1, 0, List.of("proj")).choose(LINEARS))
        .hasMessage(
            "adapter target 'proj' matches none of the 3 linear modules, such as model.visual.qkv,"
                + " model.language_model.q_proj, lm_head");
  }

  @Test
  void whatIsSavedIsLoaded() throws IOException {
    LoraAdapter adapter = trained();

    adapter.save(folder, "base");
    LoraAdapter loaded = LoraAdapter.load(folder, LINEARS, base, scope);

    assertThat(WeightArrays.hashes(loaded.parameters()))
        .isEqualTo(WeightArrays.hashes(adapter.parameters()));
    assertThat(loaded.modules()).extracting(AdaptedModule::scale).containsOnly(3.0);
    assertThat(loaded.dropout()).isEqualTo(0.05);
  }

  @Test
  void aMergedTiedHeadIsAMatrixOfItsOwn() {
    LoraAdapter adapter = trained();

    SortedMap<String, TensorSource> merged = adapter.merge(base);

    assertThat(adapter.untiesHead()).isTrue();
    assertThat(merged)
        .containsOnlyKeys(
            "lm_head.weight",
            "model.embed_tokens.weight",
            "model.q_proj.weight",
            "visual.qkv.weight");
    // W + 3 B A with A = 0.5 everywhere, B = 0.25 everywhere and rank 2.
    assertThat(floats(merged, "model.q_proj.weight"))
        .containsExactly(1.75f, 0.75f, 0.75f, 1.75f, 1.75f, 1.75f);
    assertThat(floats(merged, "lm_head.weight"))
        .containsExactly(1.75f, 2.75f, 3.75f, 4.75f, 5.75f, 6.75f, 7.75f, 8.75f);
    assertThat(floats(merged, "model.embed_tokens.weight")).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
  }

  @Test
  void ranksAndAlphasFollowTheirPatterns() throws IOException {
    trained().save(folder, "base");
    change(config -> {
      config.putObject("alpha_pattern").put("q_proj", 4);
      config.put("use_rslora", true);
    });

    LoraAdapter loaded = LoraAdapter.load(folder, LINEARS, base, scope);

    assertThat(loaded.modules())
        .extracting(AdaptedModule::scale)
        .containsExactly(4 / Math.sqrt(2), 6 / Math.sqrt(2));
  }

  @ParameterizedTest
  @CsvSource({
    "use_dora, true, no value",
    "bias, '\"all\"', no value",
    "modules_to_save, '[\"embed_tokens\"]', no value",
    "fan_in_fan_out, true, no value",
    "something_new, '{\"a\": 1}', no value",
    "peft_type, '\"IA3\"', LORA",
    "init_lora_weights, '\"pissa\"', 'true, false, gaussian, orthogonal or eva'"
  })
  void whatWouldChangeTheNumbersIsRefusedByName(String key, String value, String allowed)
      throws IOException {
    trained().save(folder, "base");
    change(config -> config.putRawValue(key, new RawValue(value)));

    assertThatThrownBy(() -> LoraAdapter.load(folder, LINEARS, base, scope))
        .isInstanceOf(ModelException.class)
        .hasMessage(
            "%s: %s = %s is not supported, allowed is %s"
                .formatted(
                    folder.resolve("adapter_config.json"), key, JSON.readTree(value), allowed));
  }

  @Test
  void adaptersOfAnotherModelAreRefused() throws IOException {
    trained().save(folder, "base");
    Path file = folder.resolve(LoraAdapter.FILE);

    assertThatThrownBy(() -> LoraAdapter.load(folder, List.of(HEAD), base, scope))
        .hasMessage(
            "adapter %s holds tensor base_model.model.model.language_model.q_proj.lora_A.weight,"
                    .formatted(file)
                + " which belongs to no linear module of this model");
    change(config -> config.put("r", 3));
    assertThatThrownBy(() -> LoraAdapter.load(folder, LINEARS, base, scope))
        .hasMessage(
            ("adapter %s: tensor base_model.model.model.language_model.q_proj.lora_A.weight has"
                    + " shape [2, 2], model and adapter_config.json ask for [3, 2]")
                .formatted(file));
  }

  /** PEFT stores the matrix of an adapted head beside its adapter. */
  @Test
  void aRepeatedHeadMustBeTheModels() throws IOException {
    trained().save(folder, "base");
    repeatHead("model.embed_tokens.weight");
    assertThat(LoraAdapter.load(folder, LINEARS, base, scope).modules()).hasSize(2);

    base.put("model.embed_tokens.weight", scope.ones(new Shape(4, 2)));

    assertThatThrownBy(() -> LoraAdapter.load(folder, LINEARS, base, scope))
        .hasMessageContaining("belongs to another model");
  }

  private void repeatHead(String name) throws IOException {
    Path path = folder.resolve(LoraAdapter.FILE);
    var tensors = new TreeMap<String, TensorSource>();
    tensors.put(
        "base_model.model.lm_head.base_layer.weight",
        WeightArrays.store(Objects.requireNonNull(base.get(name))));
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      tensors.putAll(file.tensors());
      SafetensorsFile.write(path, tensors);
    }
  }

  private LoraAdapter trained() {
    LoraAdapter adapter = LoraAdapter.initialize(STANDARD, LINEARS, 1, scope);
    for (AdaptedModule module : adapter.modules()) {
      module.a().set(filled(module.a(), 0.5f));
      module.b().set(filled(module.b(), 0.25f));
    }
    return adapter;
  }

  private static float[] filled(NDArray array, float value) {
    float[] values = new float[(int) array.size()];
    Arrays.fill(values, value);
    return values;
  }

  private interface Change {
    void apply(ObjectNode config);
  }

  private void change(Change change) throws IOException {
    Path path = folder.resolve("adapter_config.json");
    ObjectNode config = (ObjectNode) JSON.readTree(path.toFile());
    change.apply(config);
    Files.writeString(path, JSON.writeValueAsString(config));
  }

  private static float[] floats(Map<String, TensorSource> tensors, String name) {
    var values = new ArrayList<Float>();
    Objects.requireNonNull(tensors.get(name))
        .read(piece -> {
          for (float value : piece.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)) {
            values.add(value);
          }
        });
    float[] result = new float[values.size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = values.get(i);
    }
    return result;
  }
}
