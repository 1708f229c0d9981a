package dev.sampo.vlm.text;

import dev.sampo.vlm.text.TemplateToken.Kind;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A chat template rewritten for the engine. Jinjava differs from Jinja2 in white space, in truth,
 * in precedence and in what it silently ignores, so a template is read by Jinja2's rules first;
 * only tags and expressions on which both agree are handed on, everything else is an error. Words
 * travel as variables, and nothing in them can be taken for a tag.
 *
 * @param source for the engine
 * @param words the variables that hold words and strings
 */
record TemplateTranslation(String source, Map<String, Object> words) {

  static TemplateTranslation of(String template) throws TemplateSyntaxException {
    List<TemplatePiece> pieces = TemplateLexer.split(template);
    Writer writer = new Writer(variables(pieces));
    for (TemplatePiece piece : pieces) {
      writer.write(piece);
    }
    return writer.finish();
  }

  /** The names that are known somewhere in a template. */
  private static Set<String> variables(List<TemplatePiece> pieces) {
    Set<String> names = new HashSet<>(Set.of("messages"));
    for (TemplatePiece piece : pieces) {
      if (piece instanceof TemplatePiece.Statement(List<TemplateToken> tokens, int _)
          && !tokens.isEmpty()) {
        boolean loop = tokens.getFirst().is("for");
        int end = TemplateTokens.find(tokens, loop ? "in" : "=", 0);
        if (end > 0 && (loop || (tokens.getFirst().is("set") && end == 2))) {
          tokens.subList(1, end).forEach(token -> names.add(token.text()));
        }
        if (loop) {
          names.add("loop");
        }
      }
    }
    names.remove(",");
    return names;
  }

  /** A tag that waits for its end. */
  private record Open(String tag, int line, List<TemplateToken> variables) {}

  private static final class Writer implements TemplateExpression.Variables {
    private final Set<String> known;
    private final StringBuilder out = new StringBuilder();
    private final Map<String, Object> words = new HashMap<>();
    private final Deque<Open> open = new ArrayDeque<>();
    private int kept;

    Writer(Set<String> known) {
      this.known = known;
    }

    void write(TemplatePiece piece) throws TemplateSyntaxException {
      switch (piece) {
        case TemplatePiece.Words(String text) -> {
          if (!text.isEmpty()) {
            out.append("{{ ").append(constant(text)).append(" }}");
          }
        }
        case TemplatePiece.Print(List<TemplateToken> tokens, int line) -> print(tokens, line);
        case TemplatePiece.Statement(List<TemplateToken> tokens, int line) ->
            statement(tokens, line);
      }
    }

    private void print(List<TemplateToken> tokens, int line) throws TemplateSyntaxException {
      for (TemplateToken token : tokens) {
        if (token.kind() == Kind.NAME && TemplateNames.NONE_VARIABLES.contains(token.text())) {
          throw new TemplateSyntaxException(
              line, "printing %s is not supported".formatted(token.text()));
        }
      }
      out.append(
          "{{ %s(%s) }}".formatted(TemplateFunctions.PRINTED, expression(line).value(tokens)));
    }

    private void statement(List<TemplateToken> tokens, int line) throws TemplateSyntaxException {
      if (tokens.isEmpty()) {
        throw new TemplateSyntaxException(line, "a tag is empty");
      }
      List<TemplateToken> rest = tokens.subList(1, tokens.size());
      String tag = tokens.getFirst().text();
      switch (tag) {
        case "if" -> {
          open.push(new Open("if", line, List.of()));
          tag("if " + expression(line).condition(rest));
        }
        case "elif" -> {
          requireOpen("if", tag, line);
          tag("elif " + expression(line).condition(rest));
        }
        case "for" -> {
          tag("for " + loop(rest, line));
          int in = TemplateTokens.find(rest, "in", 0);
          open.push(new Open("for", line, rest.subList(0, in)));
        }
        case "else" -> {
          requireOpen("if", tag, line);
          tag("else");
        }
        case "endif", "endfor" -> {
          requireOpen(tag.substring(3), tag, line);
          open.pop();
          tag(tag);
        }
        case "set" -> tag("set " + assignment(rest, line));
        case "break", "continue" -> tag(tag);
        case "generation", "endgeneration" -> {} // marks what an answer is, prints nothing
        default ->
            throw new TemplateSyntaxException(
                line,
                "the tag '%s' is not supported, allowed are break, continue, for, generation, if, set"
                    .formatted(tag));
      }
    }

    private void requireOpen(String expected, String tag, int line) throws TemplateSyntaxException {
      if (open.isEmpty() || !open.peek().tag().equals(expected)) {
        throw new TemplateSyntaxException(
            line,
            open.isEmpty()
                ? "'%s' without '%s'".formatted(tag, expected)
                : "'%s' inside '%s' is not supported".formatted(tag, open.peek().tag()));
      }
    }

    private String loop(List<TemplateToken> tokens, int line) throws TemplateSyntaxException {
      int in = TemplateTokens.find(tokens, "in", 0);
      if (!isListOfNames(tokens.subList(0, Math.max(in, 0)))
          || TemplateTokens.find(tokens, "if", in) >= 0
          || tokens.getLast().is("recursive")) {
        throw new TemplateSyntaxException(
            line, "this form of 'for' is not supported, allowed is: for x in y");
      }
      StringBuilder names = new StringBuilder();
      tokens.subList(0, in).forEach(token -> names.append(token.text()));
      return names.toString().replace(",", ", ")
          + " in %s(%s)"
              .formatted(
                  TemplateFunctions.ITEMS,
                  expression(line).value(tokens.subList(in + 1, tokens.size())));
    }

    private static boolean isListOfNames(List<TemplateToken> tokens) {
      for (int at = 0; at < tokens.size(); at++) {
        TemplateToken token = tokens.get(at);
        if (at % 2 == 0 ? token.kind() != Kind.NAME : !token.is(",")) {
          return false;
        }
      }
      return tokens.size() % 2 == 1;
    }

    private String assignment(List<TemplateToken> tokens, int line) throws TemplateSyntaxException {
      int equals = TemplateTokens.find(tokens, "=", 0);
      boolean variable = equals == 1;
      boolean attribute = equals == 3 && tokens.get(1).is(".");
      if (!variable && !attribute) {
        throw new TemplateSyntaxException(
            line, "this form of 'set' is not supported, allowed are: set x = y, set x.a = y");
      }
      checkTarget(tokens.getFirst(), variable, line);
      StringBuilder target = new StringBuilder();
      tokens.subList(0, equals).forEach(token -> target.append(token.text()));
      return target + " = " + expression(line).value(tokens.subList(equals + 1, tokens.size()));
    }

    /** The engine keeps what a loop sets for its next turn, Python does not. */
    private void checkTarget(TemplateToken target, boolean variable, int line)
        throws TemplateSyntaxException {
      Optional<Open> loop = open.stream().filter(tag -> tag.tag().equals("for")).findFirst();
      if (variable && loop.isPresent() && !loop.get().variables().contains(target)) {
        throw new TemplateSyntaxException(
            line,
            "setting %s inside a loop is not supported, use a namespace".formatted(target.text()));
      }
      if (!variable && !known.contains(target.text())) {
        throw new TemplateSyntaxException(line, "%s is not set before".formatted(target.text()));
      }
    }

    private TemplateExpression expression(int line) {
      return new TemplateExpression(line, known, this);
    }

    @Override
    public String constant(String text) {
      String name = TemplateFunctions.PREFIX + words.size();
      words.put(name, text);
      return name;
    }

    @Override
    public String unused() {
      return TemplateFunctions.PREFIX + "kept_" + kept++;
    }

    private void tag(String content) {
      out.append("{% ").append(content).append(" %}");
    }

    TemplateTranslation finish() throws TemplateSyntaxException {
      if (!open.isEmpty()) {
        throw new TemplateSyntaxException(
            open.peek().line(), "'%s' is not closed".formatted(open.peek().tag()));
      }
      return new TemplateTranslation(out.toString(), Map.copyOf(words));
    }
  }
}
