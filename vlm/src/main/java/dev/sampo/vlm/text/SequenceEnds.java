package dev.sampo.vlm.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * What a tokenizer puts before and after a whole text, such as a token that begins it. The post
 * processor of a tokenizer.json says so, except that tokenizers of the Llama classes make their own
 * from {@code add_bos_token} and {@code add_eos_token} of tokenizer_config.json.
 */
final class SequenceEnds {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SETTINGS = "tokenizer_config.json";

  private static final Set<String> LLAMA_CLASSES =
      Set.of(
          "LlamaTokenizer", "LlamaTokenizerFast", "InternLM2Tokenizer", "InternLM2TokenizerFast");

  private SequenceEnds() {}

  /**
   * The token that begins a text, if the checkpoint names one. A text that begins with it already
   * gets nothing more.
   *
   * @throws IOException naming the file, if it is broken
   */
  static Optional<String> begin(Path folder) throws IOException {
    JsonNode settings = settings(folder);
    return token(settings, "bos_token", isLlama(settings) ? "<s>" : "");
  }

  /**
   * Gives a tokenizer of a Llama class its post processor.
   *
   * @param tokenizer content of a tokenizer.json; changed
   * @throws IOException naming the file, if a token that is to be added is not there
   */
  static void setIn(ObjectNode tokenizer, SpecialTokens special, Path folder) throws IOException {
    JsonNode settings = settings(folder);
    if (!isLlama(settings)) {
      return;
    }
    ObjectNode processor = JSON.createObjectNode().put("type", "TemplateProcessing");
    ArrayNode single = processor.putArray("single");
    ArrayNode pair = processor.putArray("pair");
    ObjectNode tokens = processor.putObject("special_tokens");
    if (settings.path("add_bos_token").asBoolean(true)) {
      add(token(settings, "bos_token", "<s>"), "bos_token", special, folder, single, tokens);
    }
    single.add(sequence("A", 0));
    if (settings.path("add_eos_token").asBoolean(false)) {
      add(token(settings, "eos_token", "</s>"), "eos_token", special, folder, single, tokens);
    }
    pair.add(sequence("A", 0)).add(sequence("B", 1)); // never used, but required
    tokenizer.set("post_processor", processor);
  }

  private static void add(
      Optional<String> token,
      String key,
      SpecialTokens special,
      Path folder,
      ArrayNode single,
      ObjectNode tokens)
      throws IOException {
    String name =
        token.orElseThrow(() ->
            new IOException("%s: add_%s without %s".formatted(folder.resolve(SETTINGS), key, key)));
    int id =
        special
            .id(name)
            .orElseThrow(() ->
                new IOException(
                    "%s: %s is %s, which added_tokens lacks"
                        .formatted(folder.resolve(SETTINGS), key, name)));
    single.addObject().putObject("SpecialToken").put("id", name).put("type_id", 0);
    ObjectNode entry = tokens.putObject(name).put("id", name);
    entry.putArray("ids").add(id);
    entry.putArray("tokens").add(name);
  }

  private static ObjectNode sequence(String name, int type) {
    ObjectNode sequence = JSON.createObjectNode();
    sequence.putObject("Sequence").put("id", name).put("type_id", type);
    return sequence;
  }

  private static JsonNode settings(Path folder) throws IOException {
    return CheckpointJson.readIfPresent(folder.resolve(SETTINGS)).orElseGet(JSON::createObjectNode);
  }

  private static boolean isLlama(JsonNode settings) {
    return LLAMA_CLASSES.contains(settings.path("tokenizer_class").asText());
  }

  /** A token of the settings; one set to null is none. */
  private static Optional<String> token(JsonNode settings, String key, String absent) {
    JsonNode token = settings.path(key);
    String text = token.isMissingNode() ? absent : token.path("content").asText(token.asText(""));
    return token.isNull() || text.isEmpty() ? Optional.empty() : Optional.of(text);
  }
}
