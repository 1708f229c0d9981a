package dev.sampo.vlm.text;

import dev.sampo.vlm.text.TemplateToken.Kind;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Checks the names, numbers and operators of a Jinja expression: what the engine is not known to
 * have in Python's way is refused.
 */
final class TemplateNames {
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
  private static final Set<String> CONSTANTS =
      Set.of("true", "True", "false", "False", "none", "None");

  private final int line;
  private final Set<String> known;

  /**
   * Makes a checker.
   *
   * @param line of the template, named in errors
   * @param known variables that may be looked into
   */
  TemplateNames(int line, Set<String> known) {
    this.line = line;
    this.known = known;
  }

  private static SortedSet<String> sorted(String... names) {
    return new TreeSet<>(Set.of(names));
  }

  /** Refuses the token at a place if it is not allowed there. */
  void check(List<TemplateToken> tokens, int at) throws TemplateSyntaxException {
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
}
