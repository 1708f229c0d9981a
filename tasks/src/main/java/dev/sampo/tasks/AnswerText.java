package dev.sampo.tasks;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the {@code <answer>} blocks of a text and checks its outer form. Everything here takes time
 * linear in the text, whatever a policy writes.
 */
public final class AnswerText {
  public static final String THINK = "<think>";
  public static final String THINK_END = "</think>";
  public static final String ANSWER = "<answer>";
  public static final String ANSWER_END = "</answer>";

  private static final Pattern SPACE =
      Pattern.compile("[\\s\\x1c-\\x1f]*+", Pattern.UNICODE_CHARACTER_CLASS);

  private AnswerText() {}

  /** What stands in the first answer block. */
  public static Optional<String> first(String text) {
    int start = text.indexOf(ANSWER);
    int end = start < 0 ? -1 : text.indexOf(ANSWER_END, start + ANSWER.length());
    return end < 0 ? Optional.empty() : Optional.of(text.substring(start + ANSWER.length(), end));
  }

  /** What stands in the last answer block, blocks being read from the left. */
  public static Optional<String> last(String text) {
    Optional<String> last = Optional.empty();
    int from = 0;
    for (int start = text.indexOf(ANSWER, from); start >= 0; start = text.indexOf(ANSWER, from)) {
      int end = text.indexOf(ANSWER_END, start + ANSWER.length());
      if (end < 0) {
        break;
      }
      last = Optional.of(text.substring(start + ANSWER.length(), end));
      from = end + ANSWER_END.length();
    }
    return last;
  }

  /**
   * Whether the whole text is a think block, white space and an answer block, as the regular
   * expression {@code <think>.*?</think>\s*<answer>.*?</answer>} sees it when it must match all of
   * the text and the dot matches everything.
   */
  public static boolean isThinkThenAnswer(String text) {
    if (!text.startsWith(THINK) || !text.endsWith(ANSWER_END)) {
      return false;
    }
    int content = answerAfterThink(text);
    return content >= 0 && content <= text.length() - ANSWER_END.length();
  }

  /**
   * Where the content of the first answer block begins whose tag follows a closed think block and
   * nothing but white space.
   *
   * @return an index into the text, or -1 without such a block
   */
  public static int answerAfterThink(String text) {
    int think = text.indexOf(THINK);
    if (think < 0) {
      return -1;
    }
    Matcher space = SPACE.matcher(text);
    int end = text.indexOf(THINK_END, think + THINK.length());
    while (end >= 0) {
      // The pattern matches anywhere, at least the empty text. White space holds no tag, so no
      // character is looked at by two searches.
      int afterSpace =
          space.region(end + THINK_END.length(), text.length()).lookingAt() ? space.end() : 0;
      if (text.startsWith(ANSWER, afterSpace)) {
        return afterSpace + ANSWER.length();
      }
      end = text.indexOf(THINK_END, afterSpace);
    }
    return -1;
  }
}
