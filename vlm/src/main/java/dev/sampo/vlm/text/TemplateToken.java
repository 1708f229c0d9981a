package dev.sampo.vlm.text;

/**
 * A token of a Jinja expression.
 *
 * @param text the token itself; of a string, what it stands for
 */
record TemplateToken(Kind kind, String text) {
  enum Kind {
    NAME,
    NUMBER,
    STRING,
    OPERATOR
  }

  boolean is(String operatorOrKeyword) {
    return (kind == Kind.OPERATOR || kind == Kind.NAME) && text.equals(operatorOrKeyword);
  }
}
