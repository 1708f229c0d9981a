package dev.sampo.vlm.text;

/** A piece of what somebody says. */
public sealed interface Part {

  /**
   * Words. Special tokens in them are plain text.
   *
   * @param text as written; may be empty
   */
  record Text(String text) implements Part {}

  /** The place of the next image of the list that comes with the conversation. */
  record Image() implements Part {}
}
