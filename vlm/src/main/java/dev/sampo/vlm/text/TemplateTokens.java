package dev.sampo.vlm.text;

import dev.sampo.vlm.text.TemplateToken.Kind;
import java.util.List;

/** Finds tokens of a Jinja expression, told apart by whether they stand inside brackets. */
final class TemplateTokens {
  private TemplateTokens() {}

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

  /** Whether as many brackets are closed as opened before a place. */
  static boolean isOutsideBrackets(List<TemplateToken> tokens, int at) {
    return tokens.subList(0, at).stream().mapToInt(TemplateTokens::depthOf).sum() == 0;
  }

  /** Place of the bracket that closes another, -1 if there is none. */
  static int closing(List<TemplateToken> tokens, int opening) {
    int depth = 0;
    for (int at = opening; at < tokens.size(); at++) {
      depth += depthOf(tokens.get(at));
      if (depth == 0) {
        return at;
      }
    }
    return -1;
  }
}
