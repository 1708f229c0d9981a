package dev.sampo.vlm.text;

/**
 * Turns a question into token ids through the chat template. Only the template makes special
 * tokens: {@code <|image_pad|>} or {@code <|im_end|>} in a question is text like any other.
 */
public final class PromptText {
  private static final char FIRST_PRIVATE = '\uE000';

  private final ChatTemplate template;
  private final TextTokenizer tokenizer;

  public PromptText(ChatTemplate template, TextTokenizer tokenizer) {
    this.template = template;
    this.tokenizer = tokenizer;
  }

  /** Token ids of a question with its images, one image token each, up to the answer. */
  public int[] encode(String userText, int images) {
    char shield = FIRST_PRIVATE;
    while (userText.indexOf(shield) >= 0 || template.source().indexOf(shield) >= 0) {
      shield++;
    }
    return tokenizer.encode(template.render(tokenizer.shield(userText, shield), images), shield);
  }
}
