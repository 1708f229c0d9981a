package dev.sampo.vlm.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;

/**
 * The tokenizer of a checkpoint, {@code tokenizer.json}. Special tokens are those marked {@code
 * special}; text that only looks like one stays text where the caller wants it so. Thread-safe.
 */
public final class TextTokenizer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Nothing is cut off or filled up: the token ids are those of the text. */
  private static final Map<String, String> OPTIONS =
      Map.of("truncation", "do_not_truncate", "padding", "do_not_pad");

  private final Path source;
  private final HuggingFaceTokenizer tokenizer;
  private final SpecialTokens special;
  private final Optional<String> begin;

  private TextTokenizer(
      Path source, HuggingFaceTokenizer tokenizer, SpecialTokens special, Optional<String> begin) {
    this.source = source;
    this.tokenizer = tokenizer;
    this.special = special;
    this.begin = begin;
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
        Qwen2TokenizerFiles.areIn(folder) ? Qwen2TokenizerFiles.read(folder) : read(file);
    if (!json.path("model").isObject()) {
      throw new IOException(
          "%s: no model, a tokenizer has a model, pre_tokenizer and decoder".formatted(file));
    }
    SpecialTokens special = SpecialTokens.hideIn(json, reserved, file);
    SequenceEnds.setIn((ObjectNode) json, special, folder);
    try {
      return new TextTokenizer(
          file,
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(JSON.writeValueAsBytes(json)), OPTIONS),
          special,
          SequenceEnds.begin(folder));
    } catch (RuntimeException e) {
      throw new IOException(
          "%s: not a tokenizer that can be read: %s"
              .formatted(file, String.valueOf(e.getMessage()).replaceAll("\\s+", " ")),
          e);
    }
  }

  private static JsonNode read(Path file) throws IOException {
    Path pieces = file.resolveSibling("tokenizer.model");
    if (!Files.exists(file) && Files.exists(pieces)) {
      throw new IOException(
          "%s: no such file, and %s cannot be read; the README says how to make the first from the second"
              .formatted(file, pieces.getFileName()));
    }
    return CheckpointJson.read(file);
  }

  /**
   * Id of a special token, such as {@code <|image_pad|>}.
   *
   * @throws IOException naming the file, if the vocabulary lacks it
   */
  public int requireId(String token) throws IOException {
    return special
        .id(token)
        .orElseThrow(() -> new IOException("%s: added_tokens lacks %s".formatted(source, token)));
  }

  /** Encodes text in which nothing is special. */
  public int[] encodePlain(String text) {
    return ids(text, false);
  }

  /**
   * Encodes a whole prompt, in which special tokens are recognised, with what the tokenizer puts
   * before and after it; a prompt that begins with the token for it already gets none, as in
   * Transformers.
   *
   * @param shield character that {@link #shield} put into text that is not to be recognised
   */
  int[] encode(String text, char shield) {
    boolean begun = begin.isPresent() && text.startsWith(begin.get());
    return ids(special.hide(text).replace(String.valueOf(shield), ""), !begun);
  }

  private int[] ids(String text, boolean ends) {
    return Arrays.stream(tokenizer.encode(text, ends, false).getIds())
        .mapToInt(Math::toIntExact)
        .toArray();
  }

  /** Breaks every special token in a text with the given character, which the text lacks. */
  String shield(String text, char shield) {
    return special.shield(text, shield);
  }

  boolean isSpecial(int id) {
    return special.contains(id);
  }

  /** Text of token ids; special tokens and ids that the tokenizer does not know are left out. */
  public String decode(int[] ids) {
    long[] words = Arrays.stream(ids).filter(id -> !isSpecial(id)).asLongStream().toArray();
    return words.length == 0 ? "" : tokenizer.decode(words, true);
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
