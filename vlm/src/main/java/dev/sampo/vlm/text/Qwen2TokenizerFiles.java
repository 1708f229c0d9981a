package dev.sampo.vlm.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;

/**
 * Puts the content of a {@code tokenizer.json} together from {@code vocab.json} and {@code
 * merges.txt}, which is all that InternVL checkpoints of OpenGVLab have where the decoder is Qwen2.
 * Only for tokenizers of the class {@code Qwen2Tokenizer}, whose other settings are fixed.
 */
final class Qwen2TokenizerFiles {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CLASS = "Qwen2Tokenizer";

  /** How Qwen2 splits text before it merges bytes. */
  private static final String SPLIT =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private Qwen2TokenizerFiles() {}

  /** Whether a folder has these files and no {@code tokenizer.json}. */
  static boolean areIn(Path folder) {
    return !Files.isRegularFile(folder.resolve("tokenizer.json"))
        && Files.isRegularFile(folder.resolve("merges.txt"));
  }

  /**
   * Reads the files.
   *
   * @throws IOException if one is missing or broken, or is of another kind of tokenizer
   */
  static JsonNode read(Path folder) throws IOException {
    Path settingsFile = folder.resolve("tokenizer_config.json");
    JsonNode settings = CheckpointJson.read(settingsFile);
    String type = settings.path("tokenizer_class").asText("(absent)");
    if (!type.equals(CLASS) && !type.equals(CLASS + "Fast")) {
      throw new IOException(
          "%s: tokenizer_class is %s; without a tokenizer.json only %s is allowed"
              .formatted(settingsFile, type, CLASS));
    }
    ObjectNode tokenizer = JSON.createObjectNode().put("version", "1.0");
    tokenizer.set("added_tokens", addedTokens(settings));
    tokenizer.putObject("normalizer").put("type", "NFC");
    ArrayNode steps =
        tokenizer.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
    ObjectNode split = steps.addObject().put("type", "Split");
    split.putObject("pattern").put("Regex", SPLIT);
    split.put("behavior", "Isolated").put("invert", false);
    byteLevel(steps.addObject())
        .put("add_prefix_space", settings.path("add_prefix_space").asBoolean(false));
    byteLevel(tokenizer.putObject("decoder"));
    ObjectNode model = tokenizer.putObject("model").put("type", "BPE");
    model.set("vocab", CheckpointJson.read(folder.resolve("vocab.json")));
    model.set("merges", merges(folder.resolve("merges.txt")));
    return tokenizer;
  }

  private static ObjectNode byteLevel(ObjectNode step) {
    return step.put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", false)
        .put("use_regex", false);
  }

  private static ArrayNode addedTokens(JsonNode settings) {
    ArrayNode added = JSON.createArrayNode();
    settings.path("added_tokens_decoder").properties().stream()
        .sorted(Comparator.comparingInt(entry -> Integer.parseInt(entry.getKey())))
        .map(Qwen2TokenizerFiles::addedToken)
        .forEach(added::add);
    return added;
  }

  private static ObjectNode addedToken(Map.Entry<String, JsonNode> entry) {
    ObjectNode token = JSON.createObjectNode().put("id", Integer.parseInt(entry.getKey()));
    token.put("content", entry.getValue().path("content").asText());
    for (String flag : new String[] {"single_word", "lstrip", "rstrip", "normalized", "special"}) {
      token.put(flag, entry.getValue().path(flag).asBoolean(false));
    }
    return token;
  }

  private static ArrayNode merges(Path file) throws IOException {
    ArrayNode merges = JSON.createArrayNode();
    for (String line : Files.readAllLines(file)) {
      if (!line.isEmpty() && !line.startsWith("#version")) {
        merges.add(line);
      }
    }
    return merges;
  }
}
