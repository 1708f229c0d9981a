package dev.sampo.vlm.text;

import java.util.Arrays;

/**
 * Text of tokens as they come. A character whose bytes lie in several tokens is given out when its
 * last byte is there; everything given out, put together, is the text of all tokens at once. Not
 * thread-safe.
 */
public final class TextStream {
  private static final String INCOMPLETE = "\uFFFD";

  private final TextTokenizer tokenizer;

  /** Tokens from one before the last that ended a character // [pending] */
  private int[] pending = new int[0];

  /** Leading tokens of {@link #pending} whose text was given out. */
  private int given;

  TextStream(TextTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * Takes the next token.
   *
   * @return the characters that are certain now, often none
   */
  public String add(int token) {
    if (tokenizer.isSpecial(token)) {
      return "";
    }
    pending = Arrays.copyOf(pending, pending.length + 1);
    pending[pending.length - 1] = token;
    String text = tokenizer.decode(pending);
    return text.endsWith(INCOMPLETE) ? "" : give(text);
  }

  /** The characters that were held back: bytes that will never become a character. */
  public String finish() {
    return give(tokenizer.decode(pending));
  }

  /** A decoder may treat the first token in its own way, so the last one given out stays. */
  private String give(String text) {
    String before = tokenizer.decode(Arrays.copyOf(pending, given));
    pending = Arrays.copyOfRange(pending, given, pending.length);
    given = pending.length;
    return text.substring(before.length());
  }
}
