package dev.sampo.vlm.prompt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.image.ImageProcessor;
import dev.sampo.vlm.image.PatchImageProcessor;
import dev.sampo.vlm.image.PatchSettings;
import dev.sampo.vlm.image.RgbImage;
import dev.sampo.vlm.text.ChatTemplate;
import dev.sampo.vlm.text.PromptText;
import dev.sampo.vlm.text.TextTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Everything between a question and the model, by the files of the checkpoint: tokenizer, chat
 * template, picture settings, end tokens. Thread-safe.
 */
public final class VlmProcessor implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MODEL_TYPE = "qwen2_5_vl";

  private final TextTokenizer tokenizer;
  private final PromptText promptText;
  private final ImageProcessor imageProcessor;
  private final int mergeSize;
  private final int imageToken;
  private final Set<Integer> endTokens;

  private VlmProcessor(
      TextTokenizer tokenizer,
      ChatTemplate template,
      ImageProcessor imageProcessor,
      int mergeSize,
      int imageToken,
      Set<Integer> endTokens) {
    this.tokenizer = tokenizer;
    this.promptText = new PromptText(template, tokenizer);
    this.imageProcessor = imageProcessor;
    this.mergeSize = mergeSize;
    this.imageToken = imageToken;
    this.endTokens = endTokens;
  }

  /**
   * Loads the processor of a Hugging Face checkpoint folder. Weights are not needed.
   *
   * @throws IOException if a file is missing or broken; the message names it
   */
  public static VlmProcessor load(Path folder) throws IOException {
    JsonNode config = readJson(folder.resolve("config.json"));
    String type = config.path("model_type").asText("(absent)");
    if (!type.equals(MODEL_TYPE)) {
      throw new IOException(
          "%s: model_type is %s, allowed is %s"
              .formatted(folder.resolve("config.json"), type, MODEL_TYPE));
    }
    if (!config.path("image_token_id").isInt()) {
      throw new IOException("%s: no image_token_id".formatted(folder.resolve("config.json")));
    }
    Path pictures = folder.resolve("preprocessor_config.json");
    PatchSettings settings;
    try {
      settings = PatchSettings.of(readJson(pictures));
    } catch (IllegalArgumentException e) {
      throw new IOException("%s: %s".formatted(folder, e.getMessage()), e);
    }
    ChatTemplate template = ChatTemplate.load(folder);
    Set<Integer> endTokens = readEndTokens(folder, config);
    return new VlmProcessor(
        TextTokenizer.load(folder),
        template,
        new PatchImageProcessor(settings),
        settings.mergeSize(),
        config.path("image_token_id").asInt(),
        endTokens);
  }

  /**
   * Encodes a question.
   *
   * @param userText what the user says, after the images; special tokens in it are plain text
   * @param images any number of pictures
   * @throws IllegalArgumentException if the chat template has no place for the images
   * @throws dev.sampo.vlm.image.InvalidImageException if a picture cannot be taken
   */
  public EncodedPrompt encode(String userText, List<RgbImage> images) {
    return encodePatches(userText, images.stream().map(imageProcessor::process).toList());
  }

  /**
   * Encodes a question about pictures that {@link #imageProcessor()} has processed before.
   *
   * @throws IllegalArgumentException if the chat template has no place for the images
   */
  public EncodedPrompt encodePatches(String userText, List<ImagePatches> images) {
    int[] ids = expand(promptText.encode(userText, images.size()), images);
    RotaryPositions positions = RotaryPositions.of(ids, images, imageToken, mergeSize);
    return new EncodedPrompt(ids, positions.positions(), positions.next(), images);
  }

  /** Repeats each image token as often as the image has merged patches. */
  private int[] expand(int[] ids, List<ImagePatches> images) {
    long places = Arrays.stream(ids).filter(id -> id == imageToken).count();
    if (places != images.size()) {
      throw new IllegalArgumentException(
          "the chat template made %d image tokens for %d images".formatted(places, images.size()));
    }
    int merged = mergeSize * mergeSize;
    IntStream.Builder expanded = IntStream.builder();
    int image = 0;
    for (int id : ids) {
      int copies = id == imageToken ? images.get(image++).numPatches() / merged : 1;
      for (int copy = 0; copy < copies; copy++) {
        expanded.add(id);
      }
    }
    return expanded.build().toArray();
  }

  /**
   * Token ids of an answer as the model should give it: the text, in which nothing is special, and
   * the token that ends a turn.
   */
  public int[] encodeAnswer(String answer) {
    int[] text = tokenizer.encodePlain(answer);
    int[] ids = Arrays.copyOf(text, text.length + 1);
    ids[text.length] = endTokens.iterator().next();
    return ids;
  }

  /** Text of generated tokens, without special tokens. */
  public String decode(int[] ids) {
    return tokenizer.decode(ids);
  }

  /** Tokens that end a generation; the first is the one that ends a turn. */
  public Set<Integer> endTokens() {
    return endTokens;
  }

  /** How pictures are prepared. */
  public ImageProcessor imageProcessor() {
    return imageProcessor;
  }

  private static Set<Integer> readEndTokens(Path folder, JsonNode config) throws IOException {
    Path generation = folder.resolve("generation_config.json");
    JsonNode entry = config.path("eos_token_id");
    if (Files.isRegularFile(generation) && readJson(generation).hasNonNull("eos_token_id")) {
      entry = readJson(generation).path("eos_token_id");
    }
    Set<Integer> ids = new LinkedHashSet<>();
    (entry.isArray() ? entry.valueStream() : Stream.of(entry))
        .filter(JsonNode::isInt)
        .forEach(id -> ids.add(id.asInt()));
    if (ids.isEmpty()) {
      throw new IOException(
          "%s: neither generation_config.json nor config.json names an eos_token_id"
              .formatted(folder));
    }
    return Collections.unmodifiableSet(ids);
  }

  private static JsonNode readJson(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException("%s: no such file, a checkpoint has one".formatted(file));
    }
    try {
      return JSON.readTree(file.toFile());
    } catch (JsonProcessingException e) {
      throw new IOException("%s: not valid JSON: %s".formatted(file, e.getOriginalMessage()), e);
    }
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
