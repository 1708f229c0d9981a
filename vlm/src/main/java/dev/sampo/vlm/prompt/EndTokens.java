package dev.sampo.vlm.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.text.CheckpointJson;
import dev.sampo.vlm.text.PromptFormat;
import dev.sampo.vlm.text.TextTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Which tokens end a generation, by the first file of a checkpoint that says so. */
final class EndTokens {
  private static final String KEY = "eos_token_id";

  private EndTokens() {}

  /**
   * Ids of the end tokens; the one that the tokenizer's settings call the end goes first.
   *
   * @throws IOException if no file names one
   */
  static Set<Integer> read(
      Path folder, JsonNode config, PromptFormat format, TextTokenizer tokenizer)
      throws IOException {
    Set<Integer> ids = new LinkedHashSet<>();
    for (String token : format.endTokens()) {
      ids.add(tokenizer.requireId(token));
    }
    Optional<Integer> ofTokenizer = ofTokenizer(folder, tokenizer);
    if (ids.isEmpty()) {
      ids = ofFiles(folder, config);
    }
    if (ids.isEmpty()) {
      ofTokenizer.ifPresent(ids::add);
    }
    if (ids.isEmpty()) {
      throw new IOException(
          "%s: no end token: %s is neither in generation_config.json nor in config.json, and tokenizer_config.json has no eos_token"
              .formatted(folder, KEY));
    }
    Set<Integer> ordered = new LinkedHashSet<>();
    ofTokenizer.filter(ids::contains).ifPresent(ordered::add);
    ordered.addAll(ids);
    return Collections.unmodifiableSet(ordered);
  }

  private static Set<Integer> ofFiles(Path folder, JsonNode config) throws IOException {
    Path generation = folder.resolve("generation_config.json");
    Optional<JsonNode> settings = CheckpointJson.readIfPresent(generation);
    if (settings.isPresent() && settings.get().hasNonNull(KEY)) {
      return integers(settings.get().path(KEY), generation);
    }
    for (JsonNode place : List.of(config, config.path("text_config"), config.path("llm_config"))) {
      if (place.hasNonNull(KEY)) {
        return integers(place.path(KEY), folder.resolve("config.json"));
      }
    }
    return new LinkedHashSet<>();
  }

  private static Set<Integer> integers(JsonNode entry, Path file) throws IOException {
    Set<Integer> ids = new LinkedHashSet<>();
    for (JsonNode id : (entry.isArray() ? entry.valueStream() : Stream.of(entry)).toList()) {
      if (!id.isInt()) {
        throw new IOException(
            "%s: %s is %s, allowed are token ids: 3 or [3, 4]".formatted(file, KEY, entry));
      }
      ids.add(id.asInt());
    }
    return ids;
  }

  private static Optional<Integer> ofTokenizer(Path folder, TextTokenizer tokenizer)
      throws IOException {
    Path file = folder.resolve("tokenizer_config.json");
    Optional<JsonNode> settings = CheckpointJson.readIfPresent(file);
    if (settings.isEmpty()) {
      return Optional.empty();
    }
    JsonNode token = settings.get().path("eos_token");
    String text = token.path("content").asText(token.asText());
    return text.isEmpty() ? Optional.empty() : Optional.of(tokenizer.requireId(text));
  }
}
