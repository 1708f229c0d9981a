package dev.sampo.vlm.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The tokenizer of a checkpoint, {@code tokenizer.json}. Special tokens (those marked {@code
 * special}) are told apart here and not by the native tokenizer, which cannot be told to leave them
 * alone: text that only looks like a special token stays text where the caller wants it so.
 * Thread-safe.
 */
public final class TextTokenizer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Nothing is added, cut off or filled up: the token ids are those of the text. */
  private static final Map<String, String> OPTIONS =
      Map.of("addSpecialTokens", "false", "truncation", "do_not_truncate", "padding", "do_not_pad");

  private final Path source;
  private final HuggingFaceTokenizer tokenizer;
  private final Map<String, Integer> specialIds;
  private final Pattern special;

  private TextTokenizer(
      Path source, HuggingFaceTokenizer tokenizer, Map<String, Integer> specialIds) {
    this.source = source;
    this.tokenizer = tokenizer;
    this.specialIds = specialIds;
    this.special =
        Pattern.compile(
            specialIds.keySet().stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|", "(?:", ")")));
  }

  /**
   * Loads {@code tokenizer.json} of a checkpoint folder, or the older files of a Qwen2 tokenizer.
   *
   * @param reserved added tokens that count as special whether or not the file says so
   * @throws IOException naming the file, if it cannot be read or is not a tokenizer
   */
  public static TextTokenizer load(Path folder, Collection<String> reserved) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    JsonNode json =
        Qwen2TokenizerFiles.areIn(folder)
            ? Qwen2TokenizerFiles.read(folder)
            : CheckpointJson.read(file);
    if (!json.path("model").isObject()) {
      throw new IOException(
          "%s: no model, a tokenizer has a model, pre_tokenizer and decoder".formatted(file));
    }
    Map<String, Integer> specialIds = takeSpecial(json.path("added_tokens"), reserved, file);
    try {
      return new TextTokenizer(
          file,
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(JSON.writeValueAsBytes(json)), OPTIONS),
          specialIds);
    } catch (RuntimeException e) {
      throw new IOException(
          "%s: not a tokenizer that can be read: %s"
              .formatted(file, String.valueOf(e.getMessage()).replaceAll("\\s+", " ")),
          e);
    }
  }

  /** Ids of the special tokens, which the tokenizer itself will not know by name. */
  private static Map<String, Integer> takeSpecial(
      JsonNode added, Collection<String> reserved, Path file) throws IOException {
    Map<String, Integer> ids = new LinkedHashMap<>();
    for (JsonNode token : added) {
      if (!token.path("content").isTextual() || !token.path("id").isInt()) {
        throw new IOException(
            "%s: added_tokens has an entry without content and id: %s".formatted(file, token));
      }
      String content = token.path("content").asText();
      if (token.path("special").asBoolean() || reserved.contains(content)) {
        ids.put(content, token.path("id").asInt());
        hide((ObjectNode) token);
      }
    }
    return ids;
  }

  /**
   * Keeps the id of a special token but gives it a name made of noncharacters, which no text
   * contains.
   */
  private static void hide(ObjectNode token) {
    token.put("special", true);
    token.put("content", "\uFDD0" + token.path("id").asInt() + "\uFDD1");
  }

  /**
   * Id of a special token, such as {@code <|image_pad|>}.
   *
   * @throws IOException naming the file, if the vocabulary lacks it
   */
  public int requireId(String token) throws IOException {
    Integer id = specialIds.get(token);
    if (id == null) {
      throw new IOException("%s: added_tokens lacks %s".formatted(source, token));
    }
    return id;
  }

  /** Encodes text in which nothing is special. */
  public int[] encodePlain(String text) {
    if (text.isEmpty()) {
      return new int[0];
    }
    return Arrays.stream(tokenizer.encode(text).getIds()).mapToInt(Math::toIntExact).toArray();
  }

  /**
   * Encodes text in which special tokens are recognised.
   *
   * @param shield character that {@link #shield} put into text that is not to be recognised
   */
  int[] encode(String text, char shield) {
    IntStream.Builder ids = IntStream.builder();
    Matcher matcher = special.matcher(text);
    int from = 0;
    while (!specialIds.isEmpty() && matcher.find()) {
      append(ids, text.substring(from, matcher.start()), shield);
      ids.add(specialIds.getOrDefault(matcher.group(), -1));
      from = matcher.end();
    }
    append(ids, text.substring(from), shield);
    return ids.build().toArray();
  }

  private void append(IntStream.Builder ids, String text, char shield) {
    for (int id : encodePlain(text.replace(String.valueOf(shield), ""))) {
      ids.add(id);
    }
  }

  /** Breaks every special token in a text with the given character, which the text lacks. */
  String shield(String text, char shield) {
    if (specialIds.isEmpty()) {
      return text;
    }
    StringBuilder shielded = new StringBuilder();
    Matcher matcher = special.matcher(text);
    for (int i = 0; i < text.length(); i++) {
      shielded.append(text.charAt(i));
      if (matcher.region(i, text.length()).lookingAt()) {
        shielded.append(shield);
      }
    }
    return shielded.toString();
  }

  /** Text of token ids; special tokens and ids that the tokenizer does not know are left out. */
  public String decode(int[] ids) {
    return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), true);
  }

  /** Decodes tokens one by one. */
  public TextStream newStream() {
    return new TextStream(this);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
