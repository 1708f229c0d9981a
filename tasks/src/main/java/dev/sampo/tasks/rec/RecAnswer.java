package dev.sampo.tasks.rec;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.protocol.ImageGrid;
import dev.sampo.tasks.AnswerText;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads referring-expression answers by the rules of VLM-R1: what counts as a box, which box
 * counts, and which form is asked for. Digits and white space are those of Unicode, as in the
 * regular expressions of Python. All of it takes time linear in the text.
 */
public final class RecAnswer {
  // No two parts that follow one another share a character, so there is never anything to retry.
  private static final Pattern BOX =
      Pattern.compile(
          "\\[(\\d++),[\\s\\x1c-\\x1f]*+(\\d++),[\\s\\x1c-\\x1f]*+(\\d++),[\\s\\x1c-\\x1f]*+(\\d++)]",
          Pattern.UNICODE_CHARACTER_CLASS);

  private static final ObjectReader JSON = JsonMapper.builder().build().readerFor(JsonNode.class);

  private RecAnswer() {}

  /**
   * The box that a completion answers: the first list of exactly four unsigned integers in the
   * first answer block, in the coordinates that the model saw.
   */
  public static Optional<Box> predicted(String completion) {
    return AnswerText.first(completion)
        .map(BOX::matcher)
        .filter(Matcher::find)
        .map(box ->
            new Box(
                number(box.group(1)),
                number(box.group(2)),
                number(box.group(3)),
                number(box.group(4))));
  }

  /**
   * The box of a solution: the last answer block, a JSON list of four numbers, in pixels of the
   * original image.
   *
   * @return the box, or empty when the solution holds no such list
   */
  public static Optional<Box> reference(String solution) {
    return AnswerText.last(solution).flatMap(RecAnswer::jsonBox);
  }

  /**
   * Takes a box from the pixels in which the model counts to those of the original image.
   *
   * @param width of the original image
   * @param height of the original image
   * @param grid the model's patches, which say in what pixels it counts
   */
  public static Box toOriginal(Box predicted, int width, int height, ImageGrid grid) {
    if (grid.boxPatch().isEmpty()) {
      return predicted;
    }
    double side = grid.boxPatch().getAsInt();
    return predicted.rescaled(grid.width() * side, grid.height() * side, width, height);
  }

  /**
   * Whether a completion has the form that the Qwen models are asked for: a think block, an answer
   * block right after it, and in there a brace, later a list of four integers, later a closing
   * brace. Text around and between is allowed. Equal to a search for
   *
   * <pre>{@code <think>.*?</think>\s*<answer>.*?\{.*\[\d+,\s*\d+,\s*\d+,\s*\d+\].*\}.*?</answer>}
   * </pre>
   *
   * with a dot that matches everything; the first place for each part leaves most room for the
   * rest, so that one pass decides what the expression may need minutes for.
   */
  public static boolean isWellFormed(String completion) {
    int content = AnswerText.answerAfterThink(completion);
    int brace = content < 0 ? -1 : completion.indexOf('{', content);
    if (brace < 0) {
      return false;
    }
    Matcher box = BOX.matcher(completion);
    int closing = box.find(brace + 1) ? completion.indexOf('}', box.end()) : -1;
    return closing >= 0 && completion.indexOf(AnswerText.ANSWER_END, closing) >= 0;
  }

  private static Optional<Box> jsonBox(String text) {
    try {
      JsonNode list = JSON.readTree(text);
      if (list == null || !list.isArray() || list.size() != 4) {
        return Optional.empty();
      }
      for (JsonNode number : list) {
        if (!number.isNumber()) {
          return Optional.empty();
        }
      }
      return Optional.of(
          new Box(
              list.get(0).doubleValue(),
              list.get(1).doubleValue(),
              list.get(2).doubleValue(),
              list.get(3).doubleValue()));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  /** The value of decimal digits of any script; huge ones become infinite. */
  private static double number(String digits) {
    StringBuilder ascii = new StringBuilder(digits.length());
    digits.codePoints().forEach(digit -> ascii.append(Character.digit(digit, 10)));
    return Double.parseDouble(ascii.toString());
  }
}
