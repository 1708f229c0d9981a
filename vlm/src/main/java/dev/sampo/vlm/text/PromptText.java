package dev.sampo.vlm.text;

import java.util.List;

/**
 * Turns a conversation into token ids through the chat template. Only the template makes special
 * tokens: {@code <|image_pad|>} or {@code <|im_end|>} in what somebody says is text like any other.
 */
public final class PromptText {
  private static final char FIRST_PRIVATE = '\uE000';

  private final ChatTemplate template;
  private final TextTokenizer tokenizer;

  public PromptText(ChatTemplate template, TextTokenizer tokenizer) {
    this.template = template;
    this.tokenizer = tokenizer;
  }

  /**
   * Token ids of a conversation up to the next answer, each image still as the template prints it.
   *
   * @throws IllegalArgumentException if the template cannot be rendered
   */
  public int[] encode(List<Message> conversation) {
    char shield = unusedCharacter(conversation);
    List<Message> shielded = conversation.stream().map(message -> shield(message, shield)).toList();
    return tokenizer.encode(template.render(shielded), shield);
  }

  private Message shield(Message message, char shield) {
    return new Message(
        message.role(), message.parts().stream().map(part -> shield(part, shield)).toList());
  }

  private Part shield(Part part, char shield) {
    return switch (part) {
      case Part.Text(String text) -> new Part.Text(tokenizer.shield(text, shield));
      case Part.Image image -> image;
    };
  }

  private char unusedCharacter(List<Message> conversation) {
    char candidate = FIRST_PRIVATE;
    while (template.uses(candidate) || uses(conversation, candidate)) {
      candidate++;
    }
    return candidate;
  }

  private static boolean uses(List<Message> conversation, char character) {
    return conversation.stream()
        .flatMap(message -> message.parts().stream())
        .anyMatch(part -> part instanceof Part.Text(String text) && text.indexOf(character) >= 0);
  }
}
