package dev.sampo.vlm.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.RenderResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * The chat template of a checkpoint: a Jinja template, rendered with the settings of Transformers
 * (blocks trimmed, no autoescape). What it prints is never interpreted again, so braces in a
 * question are only braces. Thread-safe.
 */
public final class ChatTemplate {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Where this engine once differed from Python's. */
  private static final LegacyOverrides PYTHON_RULES =
      LegacyOverrides.newBuilder()
          .withEvaluateMapKeys(true)
          .withIterateOverMapKeys(true)
          .withUseNaturalOperatorPrecedence(true)
          .withKeepNullableLoopValues(true)
          .build();

  private final Jinjava jinja =
      new Jinjava(
          JinjavaConfig.newBuilder()
              .withTrimBlocks(true)
              .withLstripBlocks(true)
              .withNestedInterpretationEnabled(false)
              .withLegacyOverrides(PYTHON_RULES)
              .build());
  private final String template;
  private final Path source;

  ChatTemplate(String template, Path source) {
    // Jinja drops the newline at the end of a template.
    this.template =
        template.endsWith("\n") ? template.substring(0, template.length() - 1) : template;
    this.source = source;
  }

  /**
   * Loads {@code chat_template.jinja}, {@code chat_template.json} or the entry {@code
   * chat_template} of {@code tokenizer_config.json}, whichever there is first.
   *
   * @throws IOException if a checkpoint folder has none of them
   */
  public static ChatTemplate load(Path folder) throws IOException {
    Path plain = folder.resolve("chat_template.jinja");
    if (Files.isRegularFile(plain)) {
      return new ChatTemplate(Files.readString(plain), plain);
    }
    for (String name : List.of("chat_template.json", "tokenizer_config.json")) {
      Path file = folder.resolve(name);
      if (Files.isRegularFile(file)) {
        JsonNode entry = JSON.readTree(file.toFile()).path("chat_template");
        if (entry.isTextual()) {
          return new ChatTemplate(entry.asText(), file);
        }
      }
    }
    throw new IOException(
        "%s: no chat template; allowed are chat_template.jinja, chat_template.json or the key chat_template of tokenizer_config.json"
            .formatted(folder));
  }

  /** The template itself. */
  String source() {
    return template;
  }

  /**
   * Renders one question, images first, up to where the answer begins.
   *
   * @throws IllegalArgumentException if the template cannot be rendered
   */
  public String render(String userText, int images) {
    List<Map<String, String>> content =
        new ArrayList<>(Collections.nCopies(images, Map.of("type", "image")));
    content.add(Map.of("type", "text", "text", userText));
    Map<String, Object> bindings =
        Map.of(
            "messages",
            List.of(Map.of("role", "user", "content", content)),
            "add_generation_prompt",
            true);
    RenderResult result = jinja.renderForResult(template, bindings);
    if (result.hasErrors()) {
      throw new IllegalArgumentException(
          "%s: cannot be rendered: %s"
              .formatted(source, result.getErrors().getFirst().getMessage()));
    }
    return result.getOutput();
  }
}
