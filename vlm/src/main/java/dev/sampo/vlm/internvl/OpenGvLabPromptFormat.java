package dev.sampo.vlm.internvl;

import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.family.ModelFolder;
import dev.sampo.vlm.text.ChatTemplate;
import dev.sampo.vlm.text.PromptFormat;
import dev.sampo.vlm.text.PromptPositions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Prompts of InternVL in the layout of OpenGVLab. The code beside such a checkpoint builds prompts
 * from a named conversation ({@code template} of config.json), whose own system message it says
 * first whatever {@code system_message} of config.json is, and ends an answer where the
 * conversation ends a turn. Without a name the checkpoint's Jinja template is used. Either way a
 * message is one text in which an image is its placeholder and a newline.
 *
 * @param images what an image becomes
 * @param conversation name of the conversation
 */
public record OpenGvLabPromptFormat(InternVlPromptFormat images, Optional<String> conversation)
    implements PromptFormat {
  private static final String INTERNVL2_5 = "internvl2_5";

  /**
   * Reads {@code template} of config.json.
   *
   * @throws IOException if the conversation is not known
   */
  public static OpenGvLabPromptFormat of(ModelFolder folder, InternVlPromptFormat images)
      throws IOException {
    JsonNode template = folder.config().path("template");
    if (template.isTextual() && !template.asText().equals(INTERNVL2_5)) {
      throw new IOException(
          "%s: template is %s, allowed is %s, or no such key to use the chat template of the tokenizer"
              .formatted(folder.configFile(), template, INTERNVL2_5));
    }
    return new OpenGvLabPromptFormat(
        images, template.isTextual() ? Optional.of(template.asText()) : Optional.empty());
  }

  @Override
  public String imageToken() {
    return images.imageToken();
  }

  @Override
  public List<String> beforeImage() {
    return images.beforeImage();
  }

  @Override
  public List<String> afterImage() {
    return images.afterImage();
  }

  @Override
  public int tokensOf(ImagePatches image) {
    return images.tokensOf(image);
  }

  @Override
  public PromptPositions positions(int[] tokenIds, int imageToken, List<ImagePatches> patches) {
    return images.positions(tokenIds, imageToken, patches);
  }

  @Override
  public List<String> endTokens() {
    return conversation.isPresent() ? List.of("<|im_end|>") : List.of();
  }

  @Override
  public ChatTemplate chatTemplate(Path folder) throws IOException {
    ChatTemplate template =
        conversation.isPresent() ? named(conversation.get()) : ChatTemplate.load(folder);
    return template.withJoinedParts(imageToken() + "\n");
  }

  private ChatTemplate named(String name) throws IOException {
    String file = name + ".jinja";
    try (InputStream stream =
        Objects.requireNonNull(OpenGvLabPromptFormat.class.getResourceAsStream(file), file)) {
      return ChatTemplate.of(
          new String(stream.readAllBytes(), StandardCharsets.UTF_8), Path.of(file), Map.of());
    }
  }
}
