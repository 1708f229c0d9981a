package dev.sampo.vlm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What tests/goldens/make_goldens.py recorded of a reference implementation: a checkpoint folder
 * with the numbers beside it. The script describes the format.
 */
public final class Goldens {
  public static final Path ROOT = Path.of("src/test/resources/goldens").toAbsolutePath();
  private static final String FORMAT = "sampo-goldens-2";
  private static final ObjectMapper JSON = JsonMapper.builder().build();

  private final Path folder;
  private final JsonNode recorded;
  private final Map<String, RecordedTensor> tensors;

  private Goldens(Path folder) {
    this.folder = folder;
    this.recorded = json(folder.resolve("cases.json"));
    String format = recorded.path("format").asText("nothing");
    if (!format.equals(FORMAT)) {
      throw new IllegalArgumentException(
          "%s: format is %s, allowed is %s"
              .formatted(folder.resolve("cases.json"), format, FORMAT));
    }
    this.tensors = RecordedTensor.readFile(folder.resolve("reference.safetensors"));
  }

  /** The committed ones. */
  public static Stream<Goldens> all() {
    return below(ROOT).stream().map(Goldens::read);
  }

  /** A committed one by its name. */
  public static Goldens of(String name) {
    return read(ROOT.resolve(name));
  }

  /** Reads one folder. */
  public static Goldens read(Path folder) {
    return new Goldens(folder);
  }

  /** The recorded folders at or below a folder, in the order of their names. */
  public static List<Path> below(Path root) {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> file.endsWith("reference.safetensors"))
          .map(Path::getParent)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The Hugging Face checkpoint folder. */
  public Path folder() {
    return folder;
  }

  public String family() {
    return recorded.path("family").asText();
  }

  public List<JsonNode> cases() {
    return recorded.path("cases").valueStream().toList();
  }

  /** The case of a name. */
  public JsonNode caseOf(String name) {
    return cases().stream()
        .filter(recordedCase -> name(recordedCase).equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException(folder + ": no case " + name));
  }

  public static String name(JsonNode recordedCase) {
    return recordedCase.path("name").asText();
  }

  public JsonNode loss() {
    return recorded.path("loss");
  }

  /** What was recorded of a low-rank adapter; missing where the reference has none. */
  public JsonNode lora() {
    return recorded.path("lora");
  }

  /** Mean and deviation by which the processor normalises a channel. */
  public float[] imageMean() {
    return floats(recorded.path("image_mean"));
  }

  public float[] imageDeviation() {
    return floats(recorded.path("image_std"));
  }

  public boolean hasTensor(String name) {
    return tensors.containsKey(name);
  }

  /** A recorded tensor, row-major. */
  public float[] tensor(String name) {
    RecordedTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(folder + ": " + name + " was not recorded");
    }
    return tensor.values();
  }

  /** The recorded prompt: nothing of the processor takes part. */
  public EncodedPrompt prompt(JsonNode recordedCase) {
    return RecordedPrompt.of(this, recordedCase);
  }

  @Override
  public String toString() {
    return folder.getFileName().toString();
  }

  public static JsonNode json(Path file) {
    try {
      return JSON.readTree(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static int[] ints(JsonNode array) {
    return array.valueStream().mapToInt(JsonNode::asInt).toArray();
  }

  private static float[] floats(JsonNode array) {
    float[] values = new float[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.path(i).floatValue();
    }
    return values;
  }
}
