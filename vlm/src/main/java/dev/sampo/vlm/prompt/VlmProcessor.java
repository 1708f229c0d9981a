package dev.sampo.vlm.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.family.ModelFamilies;
import dev.sampo.vlm.family.ModelFamily;
import dev.sampo.vlm.family.ModelFolder;
import dev.sampo.vlm.image.ImageLimits;
import dev.sampo.vlm.image.ImageProcessor;
import dev.sampo.vlm.image.RgbImage;
import dev.sampo.vlm.text.CheckpointJson;
import dev.sampo.vlm.text.Message;
import dev.sampo.vlm.text.PromptFormat;
import dev.sampo.vlm.text.PromptPositions;
import dev.sampo.vlm.text.PromptText;
import dev.sampo.vlm.text.TextStream;
import dev.sampo.vlm.text.TextTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Everything between a question and the model, by the files of the checkpoint: tokenizer, chat
 * template, picture settings, end tokens. Thread-safe.
 */
public final class VlmProcessor implements AutoCloseable {
  private static final String CONFIG = "config.json";

  private final TextTokenizer tokenizer;
  private final PromptText promptText;
  private final PromptFormat format;
  private final ImageProcessor imageProcessor;
  private final int imageToken;
  private final int[] beforeImage;
  private final int[] afterImage;
  private final Set<Integer> endTokens;

  private VlmProcessor(Path folder, JsonNode config, Parts parts, TextTokenizer tokenizer)
      throws IOException {
    this.tokenizer = tokenizer;
    this.format = parts.format();
    this.promptText = new PromptText(format.chatTemplate(folder), tokenizer);
    this.imageProcessor = parts.images();
    this.imageToken = tokenizer.requireId(format.imageToken());
    this.beforeImage = ids(format.beforeImage(), tokenizer);
    this.afterImage = ids(format.afterImage(), tokenizer);
    this.endTokens = EndTokens.read(folder, config, format, tokenizer);
    int configured = config.path("image_token_id").asInt(imageToken);
    if (configured != imageToken) {
      throw new IOException(
          "%s: image_token_id is %d, the tokenizer's %s is %d"
              .formatted(folder.resolve(CONFIG), configured, format.imageToken(), imageToken));
    }
  }

  /**
   * Loads the processor of a Hugging Face checkpoint folder as the checkpoint describes it.
   *
   * @throws IOException if a file is missing or broken; the message names it
   */
  public static VlmProcessor load(Path folder) throws IOException {
    return load(folder, ImageLimits.NONE);
  }

  /**
   * Loads the processor of a Hugging Face checkpoint folder. Weights are not needed.
   *
   * @param limits go before what the checkpoint says about the size of pictures
   * @throws IOException if the family is not known or a file is missing or broken; the message
   *     names it
   */
  public static VlmProcessor load(Path folder, ImageLimits limits) throws IOException {
    JsonNode config = CheckpointJson.read(folder.resolve(CONFIG));
    Parts parts = parts(new ModelFolder(folder, config), limits);
    List<String> reserved = new ArrayList<>(parts.format().beforeImage());
    reserved.add(parts.format().imageToken());
    reserved.addAll(parts.format().afterImage());
    TextTokenizer tokenizer = TextTokenizer.load(folder, reserved);
    try {
      return new VlmProcessor(folder, config, parts, tokenizer);
    } catch (IOException | RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /** What a family brings. */
  private record Parts(PromptFormat format, ImageProcessor images) {}

  private static Parts parts(ModelFolder folder, ImageLimits limits) throws IOException {
    try {
      ModelFamily family = ModelFamilies.of(folder);
      ImageProcessor images = limits.enlarging(family.imageProcessor(folder, limits));
      return new Parts(family.promptFormat(folder), images);
    } catch (ModelException e) {
      throw new IOException(e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new IOException("%s: %s".formatted(folder.path(), e.getMessage()), e);
    }
  }

  private static int[] ids(List<String> tokens, TextTokenizer tokenizer) throws IOException {
    int[] ids = new int[tokens.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = tokenizer.requireId(tokens.get(i));
    }
    return ids;
  }

  /**
   * Encodes a question that comes after its images; see {@link #encode(List, List)}.
   *
   * @param userText what the user says; special tokens in it are plain text
   */
  public EncodedPrompt encode(String userText, List<RgbImage> images) {
    return encode(List.of(Message.question(userText, images.size())), images);
  }

  /**
   * Encodes a conversation up to where the next answer begins.
   *
   * @param conversation turns with any number of images at any place; special tokens in their text
   *     are plain text
   * @param images as many as the conversation has places for, in that order
   * @throws IllegalArgumentException if there are more or fewer images than places, or if the chat
   *     template cannot render the conversation
   * @throws dev.sampo.vlm.image.InvalidImageException if a picture cannot be taken
   */
  public EncodedPrompt encode(List<Message> conversation, List<RgbImage> images) {
    requirePlaces(conversation, images.size());
    return encodePatches(conversation, images.stream().map(imageProcessor::process).toList());
  }

  /**
   * As {@link #encode(String, List)}, for pictures that {@link #imageProcessor()} has processed.
   */
  public EncodedPrompt encodePatches(String userText, List<ImagePatches> images) {
    return encodePatches(List.of(Message.question(userText, images.size())), images);
  }

  /** As {@link #encode(List, List)}, for pictures that {@link #imageProcessor()} has processed. */
  public EncodedPrompt encodePatches(List<Message> conversation, List<ImagePatches> images) {
    requirePlaces(conversation, images.size());
    int[] ids = expand(promptText.encode(conversation), images);
    PromptPositions positions = format.positions(ids, imageToken, images);
    return new EncodedPrompt(ids, positions.positions(), positions.next(), images);
  }

  private static void requirePlaces(List<Message> conversation, int images) {
    int places = Message.countImages(conversation);
    if (places != images) {
      throw new IllegalArgumentException(
          "the conversation has places for %d images, %d came with it".formatted(places, images));
    }
  }

  /** Puts all tokens of an image where the template printed one. */
  private int[] expand(int[] ids, List<ImagePatches> images) {
    long places = Arrays.stream(ids).filter(id -> id == imageToken).count();
    if (places != images.size()) {
      throw new IllegalArgumentException(
          "the chat template made %d image tokens for %d images".formatted(places, images.size()));
    }
    IntStream.Builder expanded = IntStream.builder();
    int image = 0;
    for (int id : ids) {
      if (id != imageToken) {
        expanded.add(id);
        continue;
      }
      Arrays.stream(beforeImage).forEach(expanded);
      IntStream.generate(() -> imageToken)
          .limit(format.tokensOf(images.get(image)))
          .forEach(expanded);
      Arrays.stream(afterImage).forEach(expanded);
      image++;
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

  /** Decodes generated tokens one by one, without special tokens. */
  public TextStream newTextStream() {
    return tokenizer.newStream();
  }

  /** Tokens of a prompt that stand for its images. */
  public int numImageTokens(EncodedPrompt prompt) {
    return Math.toIntExact(Arrays.stream(prompt.tokenIds()).filter(id -> id == imageToken).count());
  }

  /** Tokens that end a generation; the first is the one that ends a turn. */
  public Set<Integer> endTokens() {
    return endTokens;
  }

  /** How pictures are prepared. */
  public ImageProcessor imageProcessor() {
    return imageProcessor;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
