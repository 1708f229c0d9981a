package dev.sampo.vlm.text;

import dev.sampo.vlm.text.TemplateToken.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits a Jinja template by the rules of Jinja2 3.1 with {@code trim_blocks} and {@code
 * lstrip_blocks} on, which is how Transformers sets it: a statement swallows the newline after it
 * and the blanks before it on its line, a minus sign swallows all white space on its side, a plus
 * sign keeps it. The last newline of a template does not count.
 */
final class TemplateLexer {
  private static final Pattern OPENING = Pattern.compile("\\{([{%#])([-+]?)");
  private static final Pattern RAW = Pattern.compile("\\G\\s*raw\\s*(?:-%\\}\\s*|%\\})");
  private static final Pattern END_RAW =
      Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:\\+%\\}|-%\\}\\s*|%\\}\\n?)");
  private static final Pattern END_COMMENT = Pattern.compile("\\+#\\}|-#\\}\\s*|#\\}\\n?");
  private static final Pattern END_STATEMENT = Pattern.compile("\\G(?:\\+%\\}|-%\\}\\s*|%\\}\\n?)");
  private static final Pattern END_PRINT = Pattern.compile("\\G(?:-\\}\\}\\s*|\\}\\})");
  private static final Pattern TOKEN =
      Pattern.compile(
          "\\G(?:(?<name>[A-Za-z_]\\w*)"
              + "|(?<number>\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?)"
              + "|(?<string>'(?:[^'\\\\]|\\\\.)*'|\"(?:[^\"\\\\]|\\\\.)*\")"
              + "|(?<operator>//|\\*\\*|==|!=|>=|<=|[-+*/%~.\\[\\](){},:|=<>]))",
          Pattern.DOTALL);

  private final String source;
  private final List<TemplatePiece> pieces = new ArrayList<>();
  private int at;
  private boolean lineStarts = true;

  private TemplateLexer(String template) {
    String source = template.replace("\r\n", "\n").replace('\r', '\n');
    this.source = source.endsWith("\n") ? source.substring(0, source.length() - 1) : source;
  }

  static List<TemplatePiece> split(String template) throws TemplateSyntaxException {
    TemplateLexer lexer = new TemplateLexer(template);
    lexer.run();
    return lexer.pieces;
  }

  private void run() throws TemplateSyntaxException {
    Matcher opening = OPENING.matcher(source);
    while (opening.find(at)) {
      boolean prints = opening.group(1).equals("{");
      words(source.substring(at, opening.start()), opening.group(2), prints);
      at = opening.end();
      switch (opening.group(1)) {
        case "#" -> skip(END_COMMENT, "a comment");
        case "{" -> pieces.add(new TemplatePiece.Print(tokens(END_PRINT), line(opening.start())));
        default -> {
          if (matches(RAW)) {
            raw();
          } else {
            pieces.add(new TemplatePiece.Statement(tokens(END_STATEMENT), line(opening.start())));
          }
        }
      }
      lineStarts = source.charAt(at - 1) == '\n';
    }
    pieces.add(new TemplatePiece.Words(source.substring(at)));
  }

  private void words(String text, String sign, boolean beforePrint) {
    pieces.add(new TemplatePiece.Words(leftStripped(text, sign, beforePrint)));
  }

  private String leftStripped(String text, String sign, boolean beforePrint) {
    if (sign.equals("-")) {
      return text.stripTrailing();
    }
    int line = text.lastIndexOf('\n') + 1;
    boolean strips = sign.isEmpty() && !beforePrint && (line > 0 || lineStarts);
    return strips && text.substring(line).isBlank() ? text.substring(0, line) : text;
  }

  private void raw() throws TemplateSyntaxException {
    Matcher end = END_RAW.matcher(source);
    if (!end.find(at)) {
      throw new TemplateSyntaxException(line(at), "a raw block is not closed");
    }
    lineStarts = source.charAt(at - 1) == '\n';
    words(source.substring(at, end.start()), end.group(1), false);
    at = end.end();
  }

  private void skip(Pattern end, String what) throws TemplateSyntaxException {
    Matcher matcher = end.matcher(source);
    if (!matcher.find(at)) {
      throw new TemplateSyntaxException(line(at), what + " is not closed");
    }
    at = matcher.end();
  }

  private boolean matches(Pattern pattern) {
    Matcher matcher = pattern.matcher(source);
    boolean found = matcher.find(at);
    if (found) {
      at = matcher.end();
    }
    return found;
  }

  /** Tokens up to the end of the tag; what closes a tag does not do so inside brackets. */
  private List<TemplateToken> tokens(Pattern end) throws TemplateSyntaxException {
    List<TemplateToken> tokens = new ArrayList<>();
    int depth = 0;
    Matcher token = TOKEN.matcher(source);
    while (true) {
      while (at < source.length() && Character.isWhitespace(source.charAt(at))) {
        at++;
      }
      if (depth == 0 && matches(end)) {
        return tokens;
      }
      if (!token.find(at)) {
        throw new TemplateSyntaxException(
            line(Math.min(at, source.length() - 1)),
            at < source.length()
                ? "unexpected '%s'".formatted(source.charAt(at))
                : "a tag is not closed");
      }
      at = token.end();
      TemplateToken read = read(token);
      tokens.add(read);
      if (read.kind() == Kind.OPERATOR) {
        depth += "([{".contains(read.text()) ? 1 : ")]}".contains(read.text()) ? -1 : 0;
      }
    }
  }

  private TemplateToken read(Matcher token) throws TemplateSyntaxException {
    if (token.group("name") != null) {
      return new TemplateToken(Kind.NAME, token.group());
    }
    if (token.group("number") != null) {
      return new TemplateToken(Kind.NUMBER, token.group());
    }
    if (token.group("string") != null) {
      String quoted = token.group();
      return new TemplateToken(Kind.STRING, unescape(quoted.substring(1, quoted.length() - 1)));
    }
    return new TemplateToken(Kind.OPERATOR, token.group());
  }

  private String unescape(String quoted) throws TemplateSyntaxException {
    StringBuilder text = new StringBuilder();
    boolean escaped = false;
    for (int i = 0; i < quoted.length(); i++) {
      char c = quoted.charAt(i);
      if (escaped) {
        text.append(escape(c));
      } else if (c != '\\') {
        text.append(c);
      }
      escaped = !escaped && c == '\\';
    }
    return text.toString();
  }

  private char escape(char letter) throws TemplateSyntaxException {
    return switch (letter) {
      case 'n' -> '\n';
      case 't' -> '\t';
      case 'r' -> '\r';
      case '\\', '\'', '"' -> letter;
      default ->
          throw new TemplateSyntaxException(
              line(at),
              "the escape \\%s is not supported, allowed are \\n \\t \\r \\\\ \\' \\\""
                  .formatted(letter));
    };
  }

  private int line(int position) {
    return 1 + (int) source.substring(0, position).chars().filter(c -> c == '\n').count();
  }
}
