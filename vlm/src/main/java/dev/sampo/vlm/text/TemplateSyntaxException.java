package dev.sampo.vlm.text;

/** A chat template that is broken, or has something in it that would not render as in Python. */
final class TemplateSyntaxException extends Exception {
  private static final long serialVersionUID = 1L;

  TemplateSyntaxException(int line, String message) {
    super("line %d: %s".formatted(line, message));
  }
}
