package dev.sampo.vlm.text;

import dev.sampo.vlm.text.TemplateToken.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Writes a Jinja expression so that the engine evaluates it as Python does: Python's truth and its
 * precedence of {@code not} are spelled out, strings become variables. What the engine is not known
 * to do in Python's way is refused; {@link TemplateNames} says which names that leaves.
 */
final class TemplateExpression {
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=", "in");
  private final int line;
  private final TemplateNames names;
  private final Variables variables;

  /** What an expression may put into variables. */
  interface Variables {
    /** Name of a variable that holds a text. */
    String constant(String text);

    /** Name of a variable that nothing else uses. */
    String unused();
  }

  /**
   * Makes a writer.
   *
   * @param line of the template, named in errors
   * @param known variables that may be looked into
   */
  TemplateExpression(int line, Set<String> known, Variables variables) {
    this.line = line;
    this.names = new TemplateNames(line, known);
    this.variables = variables;
  }

  /** An expression whose value matters. */
  String value(List<TemplateToken> tokens) throws TemplateSyntaxException {
    require(!tokens.isEmpty(), "an expression is missing");
    int condition = TemplateTokens.find(tokens, "if", 0);
    if (condition >= 0) {
      int otherwise = TemplateTokens.find(tokens, "else", condition);
      require(otherwise >= 0, "'x if y' needs an else");
      return "(%s if %s else %s)"
          .formatted(
              value(tokens.subList(0, condition)),
              condition(tokens.subList(condition + 1, otherwise)),
              value(tokens.subList(otherwise + 1, tokens.size())));
    }
    int or = TemplateTokens.find(tokens, "or", 0);
    if (or >= 0) {
      String kept = variables.unused();
      return "(%s if %s else %s)"
          .formatted(
              kept,
              keep(kept, value(tokens.subList(0, or))),
              value(tokens.subList(or + 1, tokens.size())));
    }
    int and = TemplateTokens.find(tokens, "and", 0);
    if (and >= 0) {
      String kept = variables.unused();
      String first = keep(kept, value(tokens.subList(0, and)));
      return "(%s if %s else %s)"
          .formatted(value(tokens.subList(and + 1, tokens.size())), first, kept);
    }
    if (tokens.getFirst().is("not")) {
      return "(!%s)".formatted(condition(tokens.subList(1, tokens.size())));
    }
    return comparison(tokens);
  }

  /** Truth of a value that is needed again, and must not be worked out twice. */
  private String keep(String variable, String value) {
    return call(TemplateFunctions.KEEP, variables.constant(variable), value);
  }

  /** An expression of which only the truth matters. */
  String condition(List<TemplateToken> tokens) throws TemplateSyntaxException {
    for (String operator : List.of("or", "and")) {
      int at = TemplateTokens.find(tokens, operator, 0);
      if (at >= 0 && TemplateTokens.find(tokens, "if", 0) < 0) {
        return "(%s %s %s)"
            .formatted(
                condition(tokens.subList(0, at)),
                operator,
                condition(tokens.subList(at + 1, tokens.size())));
      }
    }
    return "%s(%s)".formatted(TemplateFunctions.TRUTH, value(tokens));
  }

  /** Comparisons, of which Jinja allows chains and this does not. */
  private String comparison(List<TemplateToken> tokens) throws TemplateSyntaxException {
    for (int at = 1; at < tokens.size() - 1; at++) {
      TemplateToken token = tokens.get(at);
      boolean operator = COMPARISONS.contains(token.text()) && token.kind() != Kind.STRING;
      if (!operator || !TemplateTokens.isOutsideBrackets(tokens, at)) {
        continue;
      }
      boolean negated = token.is("in") && tokens.get(at - 1).is("not");
      List<TemplateToken> left = tokens.subList(0, negated ? at - 1 : at);
      List<TemplateToken> right = tokens.subList(at + 1, tokens.size());
      for (String other : COMPARISONS) {
        require(
            TemplateTokens.find(right, other, 0) < 0, "a chain of comparisons is not supported");
      }
      require(
          TemplateTokens.find(left, "is", 0) < 0 && TemplateTokens.find(right, "is", 0) < 0,
          "'is' needs parentheses here");
      return switch (token.text()) {
        case "==" -> call(TemplateFunctions.EQUAL, sum(left), sum(right));
        case "!=" -> "(!%s)".formatted(call(TemplateFunctions.EQUAL, sum(left), sum(right)));
        case "in" ->
            (negated ? "(!%s)" : "%s")
                .formatted(call(TemplateFunctions.CONTAINS, sum(left), sum(right)));
        default -> "(%s %s %s)".formatted(sum(left), token.text(), sum(right));
      };
    }
    return sum(tokens);
  }

  private String sum(List<TemplateToken> tokens) throws TemplateSyntaxException {
    require(!tokens.isEmpty(), "an expression is missing");
    for (int at = tokens.size() - 2; at > 0; at--) {
      TemplateToken token = tokens.get(at);
      TemplateToken before = tokens.get(at - 1);
      boolean binary = before.kind() != Kind.OPERATOR || ")]}".contains(before.text());
      if (binary
          && (token.is("+") || token.is("-"))
          && TemplateTokens.isOutsideBrackets(tokens, at)) {
        String left = sum(tokens.subList(0, at));
        String right = operand(tokens.subList(at + 1, tokens.size()));
        return token.is("+")
            ? call(TemplateFunctions.ADD, left, right)
            : "(%s - %s)".formatted(left, right);
      }
    }
    return operand(tokens);
  }

  private static String call(String function, String left, String right) {
    return "%s(%s, %s)".formatted(function, left, right);
  }

  /** What has neither {@code if} nor {@code and}, {@code or}, {@code not} outside brackets. */
  private String operand(List<TemplateToken> tokens) throws TemplateSyntaxException {
    StringBuilder written = new StringBuilder();
    int at = 0;
    while (at < tokens.size()) {
      TemplateToken token = tokens.get(at);
      if (token.kind() == Kind.OPERATOR && "([{".contains(token.text())) {
        int close = TemplateTokens.closing(tokens, at);
        require(close >= 0, "a bracket is not closed");
        written.append(token.text());
        written.append(bracket(token.text(), tokens.subList(at + 1, close)));
        written.append(tokens.get(close).text());
        at = close + 1;
        continue;
      }
      names.check(tokens, at);
      written.append(
          switch (token.kind()) {
            case STRING -> variables.constant(token.text()) + " ";
            case NAME, NUMBER -> token.text() + " ";
            case OPERATOR -> operator(tokens, at);
          });
      at++;
    }
    return written.toString().strip();
  }

  /** The engine takes a sign that touches a number for a part of it. */
  private static String operator(List<TemplateToken> tokens, int at) {
    String text = tokens.get(at).text();
    boolean first = at == 0 || tokens.get(at - 1).kind() == Kind.OPERATOR;
    return text.equals(".") || first ? text : " " + text + " ";
  }

  /** Arguments, items, a slice or what is in parentheses. */
  private String bracket(String opening, List<TemplateToken> tokens)
      throws TemplateSyntaxException {
    List<String> written = new ArrayList<>();
    int from = 0;
    while (from < tokens.size()) {
      int comma = TemplateTokens.find(tokens, ",", from);
      int to = comma < 0 ? tokens.size() : comma;
      written.add(item(opening, tokens.subList(from, to)));
      from = to + 1;
    }
    return String.join(", ", written);
  }

  private String item(String opening, List<TemplateToken> tokens) throws TemplateSyntaxException {
    if (opening.equals("(") && tokens.size() > 1 && tokens.get(1).is("=")) {
      return tokens.getFirst().text() + "=" + value(tokens.subList(2, tokens.size()));
    }
    int colon = TemplateTokens.find(tokens, ":", 0);
    if (colon < 0) {
      return value(tokens);
    }
    require(
        TemplateTokens.find(tokens, ":", colon + 1) < 0, "a slice with a step is not supported");
    return optional(tokens.subList(0, colon))
        + ":"
        + optional(tokens.subList(colon + 1, tokens.size()));
  }

  private String optional(List<TemplateToken> tokens) throws TemplateSyntaxException {
    return tokens.isEmpty() ? "" : value(tokens);
  }

  private void require(boolean condition, String message) throws TemplateSyntaxException {
    if (!condition) {
      throw new TemplateSyntaxException(line, message);
    }
  }
}
