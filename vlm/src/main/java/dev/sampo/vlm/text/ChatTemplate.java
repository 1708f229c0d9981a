package dev.sampo.vlm.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.RenderResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The chat template of a checkpoint: a Jinja template, rendered with the settings of Transformers
 * (blocks trimmed, no autoescape). What it prints is never interpreted again, so braces in a
 * question are only braces. Thread-safe.
 */
public final class ChatTemplate {
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
      Optional<JsonNode> json = CheckpointJson.readIfPresent(file);
      if (json.isPresent() && json.get().path("chat_template").isTextual()) {
        return new ChatTemplate(json.get().path("chat_template").asText(), file);
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
   * Renders a conversation up to where the next answer begins.
   *
   * @throws IllegalArgumentException if the template cannot be rendered
   */
  public String render(List<Message> conversation) {
    List<Map<String, Object>> messages =
        conversation.stream()
            .map(message ->
                Map.of("role", message.role().templateName(), "content", content(message)))
            .toList();
    Map<String, Object> bindings = Map.of("messages", messages, "add_generation_prompt", true);
    RenderResult result = jinja.renderForResult(template, bindings);
    if (result.hasErrors()) {
      throw new IllegalArgumentException(
          "%s: cannot be rendered: %s"
              .formatted(source, result.getErrors().getFirst().getMessage()));
    }
    return result.getOutput();
  }

  private static List<Map<String, String>> content(Message message) {
    return message.parts().stream()
        .map(part ->
            switch (part) {
              case Part.Text(String text) -> Map.of("type", "text", "text", text);
              case Part.Image() -> Map.of("type", "image");
            })
        .toList();
  }
}
