package dev.sampo.vlm.text;

import dev.sampo.vlm.text.TemplateToken.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * Writes a Jinja expression so that the engine evaluates it as Python does: Python's truth and its
 * precedence of {@code not} are spelled out, strings become variables. What the engine is not known
 * to do in Python's way is refused.
 */
final class TemplateExpression {
  /** Variables that Transformers sets to None. */
  static final Set<String> NONE_VARIABLES = Set.of("tools", "documents");

  private static final SortedSet<String> FILTERS =
      sorted(
          "trim",
          "length",
          "count",
          "join",
          "first",
          "last",
          "list",
          "replace",
          "default",
          "tojson",
          "selectattr",
          "rejectattr",
          "map");
  private static final SortedSet<String> TESTS =
      sorted("string", "defined", "undefined", "mapping", "none", "number");
  private static final SortedSet<String> FUNCTIONS =
      sorted("namespace", "raise_exception", "range", "strftime_now");
  private static final SortedSet<String> METHODS = sorted("items");
  private static final SortedSet<String> LOOP =
      sorted("index", "index0", "first", "last", "length", "revindex", "revindex0");
  private static final Set<String> REFUSED_OPERATORS = Set.of("~", "**", "/", "*", "%");
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=", "in");
  private static final Set<String> CONSTANTS =
      Set.of("true", "True", "false", "False", "none", "None");

  private final int line;
  private final Set<String> known;
  private final UnaryOperator<String> constants;

  /**
   * Makes a writer.
   *
   * @param line of the template, named in errors
   * @param known variables that may be looked into
   * @param constants gives the name of a variable that holds a string
   */
  TemplateExpression(int line, Set<String> known, UnaryOperator<String> constants) {
    this.line = line;
    this.known = known;
    this.constants = constants;
  }

  private static SortedSet<String> sorted(String... names) {
    return new TreeSet<>(Set.of(names));
  }

  /** An expression whose value matters. */
  String value(List<TemplateToken> tokens) throws TemplateSyntaxException {
    require(!tokens.isEmpty(), "an expression is missing");
    int condition = find(tokens, "if", 0);
    if (condition >= 0) {
      int otherwise = find(tokens, "else", condition);
      require(otherwise >= 0, "'x if y' needs an else");
      return "(%s if %s else %s)"
          .formatted(
              value(tokens.subList(0, condition)),
              condition(tokens.subList(condition + 1, otherwise)),
              value(tokens.subList(otherwise + 1, tokens.size())));
    }
    int or = find(tokens, "or", 0);
    if (or >= 0) {
      String first = value(tokens.subList(0, or));
      String rest = value(tokens.subList(or + 1, tokens.size()));
      return "(%s if %s(%s) else %s)".formatted(first, TemplateFunctions.TRUTH, first, rest);
    }
    int and = find(tokens, "and", 0);
    if (and >= 0) {
      String first = value(tokens.subList(0, and));
      String rest = value(tokens.subList(and + 1, tokens.size()));
      return "(%s if %s(%s) else %s)".formatted(rest, TemplateFunctions.TRUTH, first, first);
    }
    if (tokens.getFirst().is("not")) {
      return "(!%s)".formatted(condition(tokens.subList(1, tokens.size())));
    }
    return comparison(tokens);
  }

  /** An expression of which only the truth matters. */
  String condition(List<TemplateToken> tokens) throws TemplateSyntaxException {
    for (String operator : List.of("or", "and")) {
      int at = find(tokens, operator, 0);
      if (at >= 0 && find(tokens, "if", 0) < 0) {
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
      if (!operator || !isOutsideBrackets(tokens, at)) {
        continue;
      }
      boolean negated = token.is("in") && tokens.get(at - 1).is("not");
      List<TemplateToken> left = tokens.subList(0, negated ? at - 1 : at);
      List<TemplateToken> right = tokens.subList(at + 1, tokens.size());
      for (String other : COMPARISONS) {
        require(find(right, other, 0) < 0, "a chain of comparisons is not supported");
      }
      require(find(left, "is", 0) < 0 && find(right, "is", 0) < 0, "'is' needs parentheses here");
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
      if (binary && (token.is("+") || token.is("-")) && isOutsideBrackets(tokens, at)) {
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

  private static boolean isOutsideBrackets(List<TemplateToken> tokens, int at) {
    return tokens.subList(0, at).stream().mapToInt(TemplateExpression::depthOf).sum() == 0;
  }

  /** What has neither {@code if} nor {@code and}, {@code or}, {@code not} outside brackets. */
  private String operand(List<TemplateToken> tokens) throws TemplateSyntaxException {
    StringBuilder written = new StringBuilder();
    int at = 0;
    while (at < tokens.size()) {
      TemplateToken token = tokens.get(at);
      if (token.kind() == Kind.OPERATOR && "([{".contains(token.text())) {
        int close = closing(tokens, at);
        written.append(token.text());
        written.append(bracket(token.text(), tokens.subList(at + 1, close)));
        written.append(tokens.get(close).text());
        at = close + 1;
        continue;
      }
      check(tokens, at);
      written.append(
          switch (token.kind()) {
            case STRING -> constants.apply(token.text()) + " ";
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
      int comma = find(tokens, ",", from);
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
    int colon = find(tokens, ":", 0);
    if (colon < 0) {
      return value(tokens);
    }
    require(find(tokens, ":", colon + 1) < 0, "a slice with a step is not supported");
    return optional(tokens.subList(0, colon))
        + ":"
        + optional(tokens.subList(colon + 1, tokens.size()));
  }

  private String optional(List<TemplateToken> tokens) throws TemplateSyntaxException {
    return tokens.isEmpty() ? "" : value(tokens);
  }

  private void check(List<TemplateToken> tokens, int at) throws TemplateSyntaxException {
    TemplateToken token = tokens.get(at);
    TemplateToken before = at == 0 ? new TemplateToken(Kind.OPERATOR, "") : tokens.get(at - 1);
    boolean called = at + 1 < tokens.size() && tokens.get(at + 1).is("(");
    switch (token.kind()) {
      case STRING ->
          require(before.kind() != Kind.STRING, "two strings without an operator between them");
      case OPERATOR ->
          require(
              !REFUSED_OPERATORS.contains(token.text()),
              "the operator %s is not supported".formatted(token.text()));
      case NUMBER ->
          require(
              token.text().matches("0|[1-9]\\d*"),
              "the number %s is not supported, allowed are whole numbers".formatted(token.text()));
      case NAME -> checkName(tokens, at, before, called);
    }
  }

  private void checkName(List<TemplateToken> tokens, int at, TemplateToken before, boolean called)
      throws TemplateSyntaxException {
    String name = tokens.get(at).text();
    boolean negated = at > 1 && before.is("not") && tokens.get(at - 2).is("is");
    if (before.is("|")) {
      allow("filter", name, FILTERS);
    } else if (name.equals("not")) {
      boolean fits = before.is("is") || (at + 1 < tokens.size() && tokens.get(at + 1).is("in"));
      require(fits, "'not' where a value should be");
    } else if (before.is("is") || negated) {
      allow("test", name, TESTS);
      int subject = at - (negated ? 3 : 2);
      require(
          !name.equals("none") || (subject == 0 && isNoneVariable(tokens.getFirst())),
          "'is none' is supported for %s only"
              .formatted(String.join(" and ", new TreeSet<>(NONE_VARIABLES))));
      require(
          !name.endsWith("defined") || subject != 0 || !isNoneVariable(tokens.getFirst()),
          "'is %s' is not supported for None".formatted(name));
    } else if (before.is(".")) {
      if (called) {
        allow("method", name, METHODS);
      } else if (at > 1 && tokens.get(at - 2).is("loop")) {
        allow("property of loop", name, LOOP);
      }
    } else if (called && !name.equals("in")) {
      allow("function", name, FUNCTIONS);
    } else if (CONSTANTS.contains(name)) {
      require(!name.equalsIgnoreCase("none"), "the value none is not supported, only the test");
    } else {
      require(!name.startsWith(TemplateFunctions.PREFIX), "the name %s is taken".formatted(name));
      boolean lookedInto =
          at + 1 < tokens.size() && (tokens.get(at + 1).is(".") || tokens.get(at + 1).is("["));
      require(
          !lookedInto || known.contains(name) || !isVariable(name),
          "'%s' is not defined, there are %s"
              .formatted(name, String.join(", ", new TreeSet<>(known))));
    }
  }

  private static boolean isVariable(String name) {
    return !Set.of("in", "is", "not").contains(name);
  }

  private static boolean isNoneVariable(TemplateToken token) {
    return token.kind() == Kind.NAME && NONE_VARIABLES.contains(token.text());
  }

  private void allow(String what, String name, SortedSet<String> allowed)
      throws TemplateSyntaxException {
    require(
        allowed.contains(name),
        "the %s '%s' is not supported, allowed are %s"
            .formatted(what, name, String.join(", ", allowed)));
  }

  private void require(boolean condition, String message) throws TemplateSyntaxException {
    if (!condition) {
      throw new TemplateSyntaxException(line, message);
    }
  }

  private int closing(List<TemplateToken> tokens, int opening) throws TemplateSyntaxException {
    int depth = 0;
    for (int at = opening; at < tokens.size(); at++) {
      depth += depthOf(tokens.get(at));
      if (depth == 0) {
        return at;
      }
    }
    throw new TemplateSyntaxException(line, "a bracket is not closed");
  }

  /** First place outside brackets, -1 if there is none. */
  static int find(List<TemplateToken> tokens, String wanted, int from) {
    int depth = 0;
    for (int at = from; at < tokens.size(); at++) {
      if (depth == 0 && tokens.get(at).is(wanted)) {
        return at;
      }
      depth += depthOf(tokens.get(at));
    }
    return -1;
  }

  private static int depthOf(TemplateToken token) {
    if (token.kind() != Kind.OPERATOR) {
      return 0;
    }
    return "([{".contains(token.text()) ? 1 : ")]}".contains(token.text()) ? -1 : 0;
  }
}
