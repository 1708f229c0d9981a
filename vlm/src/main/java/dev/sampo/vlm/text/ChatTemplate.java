package dev.sampo.vlm.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The chat template of a checkpoint: a Jinja template, rendered as Transformers renders it with
 * Jinja2 (blocks trimmed, no autoescape). What it prints is never interpreted again, so braces in a
 * question are only braces. A template with a construct that would not render as in Python is
 * refused when it is loaded. Thread-safe.
 */
public final class ChatTemplate {
  private static final String ENTRY = "chat_template";

  /** Where this engine once differed from Python's. */
  private static final LegacyOverrides PYTHON_RULES =
      LegacyOverrides.newBuilder()
          .withEvaluateMapKeys(true)
          .withIterateOverMapKeys(true)
          .withUseNaturalOperatorPrecedence(true)
          .withKeepNullableLoopValues(true)
          .build();

  private static final Jinjava ENGINE = engine();

  private final TemplateTranslation template;
  private final Path source;
  private final Map<String, Object> variables;
  private final Optional<String> joinedImage;

  private ChatTemplate(
      TemplateTranslation template,
      Path source,
      Map<String, Object> variables,
      Optional<String> joinedImage) {
    this.template = template;
    this.source = source;
    this.variables = variables;
    this.joinedImage = joinedImage;
  }

  private static Jinjava engine() {
    Jinjava jinja =
        new Jinjava(
            JinjavaConfig.newBuilder()
                .withNestedInterpretationEnabled(false)
                .withLegacyOverrides(PYTHON_RULES)
                .build());
    TemplateFunctions.all().forEach(jinja.getGlobalContext()::registerFunction);
    jinja.getGlobalContext().registerFilter(new TemplateFunctions.ToJson());
    PythonValues.filters().forEach(jinja.getGlobalContext()::registerFilter);
    return jinja;
  }

  /**
   * Reads a template.
   *
   * @param source where it is from, named in errors
   * @param variables what it may use besides the conversation
   * @throws IOException if it is broken or has a construct that is not supported
   */
  public static ChatTemplate of(String template, Path source, Map<String, String> variables)
      throws IOException {
    try {
      return new ChatTemplate(
          TemplateTranslation.of(template), source, Map.copyOf(variables), Optional.empty());
    } catch (TemplateSyntaxException e) {
      throw new IOException("%s: chat template, %s".formatted(source, e.getMessage()), e);
    }
  }

  /**
   * Loads the template of a checkpoint folder: {@code chat_template.json}, {@code
   * chat_template.jinja}, {@code additional_chat_templates/default.jinja} or the entry {@code
   * chat_template} of {@code tokenizer_config.json}, whichever there is first. An entry may be a
   * list of named templates; the one called {@code default} is taken.
   *
   * @throws IOException if there is none, or if it is broken
   */
  public static ChatTemplate load(Path folder) throws IOException {
    Path settings = folder.resolve("tokenizer_config.json");
    Map<String, String> variables = specialTokens(settings);
    for (String name :
        List.of(
            "chat_template.json",
            "chat_template.jinja",
            "additional_chat_templates/default.jinja",
            "tokenizer_config.json")) {
      Path file = folder.resolve(name);
      Optional<String> template = read(file);
      if (template.isPresent()) {
        return of(template.get(), file, variables);
      }
    }
    throw new IOException(
        "%s: no chat template; allowed are chat_template.json, chat_template.jinja or the key chat_template of tokenizer_config.json"
            .formatted(folder));
  }

  private static Optional<String> read(Path file) throws IOException {
    if (!file.toString().endsWith(".json")) {
      return Files.isRegularFile(file) ? Optional.of(Files.readString(file)) : Optional.empty();
    }
    Optional<JsonNode> json = CheckpointJson.readIfPresent(file);
    return json.isPresent() && json.get().hasNonNull(ENTRY)
        ? Optional.of(entry(json.get().path(ENTRY), file))
        : Optional.empty();
  }

  private static String entry(JsonNode entry, Path file) throws IOException {
    if (entry.isTextual()) {
      return entry.asText();
    }
    for (JsonNode named : entry) {
      if (named.path("name").asText().equals("default") && named.path("template").isTextual()) {
        return named.path("template").asText();
      }
    }
    throw new IOException(
        "%s: %s has no template, allowed are a text or a list with {\"name\": \"default\", \"template\": ...}; there are %s"
            .formatted(
                file,
                ENTRY,
                entry
                    .valueStream()
                    .map(named -> named.path("name").asText("(no name)"))
                    .collect(Collectors.joining(", ", "[", "]"))));
  }

  /** The tokens that Transformers makes known to a template: {@code bos_token} and so on. */
  private static Map<String, String> specialTokens(Path settings) throws IOException {
    Map<String, String> tokens = new HashMap<>();
    CheckpointJson.readIfPresent(settings)
        .ifPresent(json ->
            json.properties().stream()
                .filter(entry -> entry.getKey().endsWith("_token"))
                .forEach(entry -> {
                  JsonNode token = entry.getValue();
                  JsonNode text = token.isObject() ? token.path("content") : token;
                  if (text.isTextual()) {
                    tokens.put(entry.getKey(), text.asText());
                  }
                }));
    return tokens;
  }

  /**
   * This template for messages that are one text each, which is what templates of text models
   * expect.
   *
   * @param image written where an image is
   */
  public ChatTemplate withJoinedParts(String image) {
    return new ChatTemplate(template, source, variables, Optional.of(image));
  }

  /** Whether a character is in the template or in what it may use. */
  boolean uses(char character) {
    return template.words().values().stream()
        .anyMatch(words -> words.toString().indexOf(character) >= 0);
  }

  /**
   * Renders a conversation up to where the next answer begins.
   *
   * @throws IllegalArgumentException if the template refuses it or prints what cannot be told to
   *     look as in Python
   */
  public String render(List<Message> conversation) {
    Map<String, Object> bindings = new HashMap<>(variables);
    bindings.putAll(template.words());
    bindings.put("messages", conversation.stream().map(this::message).toList());
    bindings.put("add_generation_prompt", true);
    RenderResult result = ENGINE.renderForResult(template.source(), bindings);
    if (result.hasErrors()) {
      TemplateError error = result.getErrors().getFirst();
      throw new IllegalArgumentException(
          "%s: cannot be rendered: %s".formatted(source, reason(error)), error.getException());
    }
    return result.getOutput();
  }

  private static String reason(TemplateError error) {
    Throwable deepest = error.getException();
    while (deepest != null && deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    return deepest instanceof IllegalArgumentException refusal
        ? String.valueOf(refusal.getMessage())
        : error.getMessage();
  }

  private Map<String, Object> message(Message message) {
    return ordered(
        "role",
        message.role().templateName(),
        "content",
        joinedImage.isPresent()
            ? joined(message, joinedImage.get())
            : message.parts().stream().map(ChatTemplate::part).toList());
  }

  private static Map<String, Object> part(Part part) {
    return switch (part) {
      case Part.Text(String text) -> ordered("type", "text", "text", text);
      case Part.Image() -> Map.of("type", "image");
    };
  }

  /** Templates loop over the keys of a message, which Python keeps in the order they came. */
  private static Map<String, Object> ordered(
      String first, Object firstValue, String second, Object secondValue) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put(first, firstValue);
    map.put(second, secondValue);
    return map;
  }

  private static String joined(Message message, String image) {
    StringBuilder text = new StringBuilder();
    for (Part part : message.parts()) {
      text.append(
          switch (part) {
            case Part.Text(String words) -> words;
            case Part.Image() -> image;
          });
    }
    return text.toString();
  }
}
