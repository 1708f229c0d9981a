package dev.sampo.tasks.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.core.util.Separators.Spacing;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Reads one line of the VLM-R1 format:
 *
 * <pre>
 * {"image": "a.png" or ["a.png", ...] or absent,
 *  "conversations": [{"value": question}, {"value": answer}, ...],
 *  "accu_reward_method": name or absent,
 *  any other column}
 * </pre>
 *
 * <p>As in VLM-R1 every {@code <image>} marker leaves the question (images precede the text), and
 * answer tags inside the answer are replaced by one pair around all of it. Unlike there, columns do
 * not depend on the first row, and an answer that is not a string keeps its JSON form.
 */
final class RowParser {
  private static final String IMAGE = "image";
  private static final String CONVERSATIONS = "conversations";
  private static final String REWARD_METHOD = "accu_reward_method";

  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
  private static final ObjectReader READER = MAPPER.readerFor(JsonNode.class);
  // [1, 2, 3, 4], the spacing of Python, which the solutions of published data sets have.
  private static final ObjectWriter SPACED =
      MAPPER.writer(
          new DefaultPrettyPrinter(
                  Separators.createDefaultInstance()
                      .withObjectFieldValueSpacing(Spacing.AFTER)
                      .withObjectEntrySpacing(Spacing.AFTER)
                      .withArrayValueSpacing(Spacing.AFTER)
                      .withArrayEmptySeparator("")
                      .withObjectEmptySeparator(""))
              .withArrayIndenter(new DefaultPrettyPrinter.NopIndenter())
              .withObjectIndenter(new DefaultPrettyPrinter.NopIndenter()));

  private RowParser() {}

  /**
   * A parsed line.
   *
   * @param images image paths as written
   * @param question the question without image markers
   * @param response the answer as written
   * @param solution the answer in one pair of answer tags
   * @param fields all other columns as JSON text, the reward method included
   */
  record ParsedRow(
      List<String> images,
      String question,
      String response,
      String solution,
      Map<String, String> fields) {}

  /**
   * Parses a line.
   *
   * @throws RowProblem when it is not such an object
   */
  static ParsedRow parse(String line, String commonRewardMethod) {
    ObjectNode row = object(line);
    JsonNode turns = row.path(CONVERSATIONS);
    if (!turns.isArray() || turns.size() < 2) {
      throw new RowProblem("conversations must be a list of a question and an answer");
    }
    JsonNode question = turns.get(0).path("value");
    if (!question.isTextual()) {
      throw new RowProblem("conversations[0].value, the question, must be a string");
    }
    JsonNode answer = turns.get(1).path("value");
    if (answer.isMissingNode() || answer.isNull()) {
      throw new RowProblem("conversations[1].value, the answer, is missing");
    }
    String response = answer.isTextual() ? answer.textValue() : spaced(answer);
    String bare = response.replace("<answer>", "").replace("</answer>", "").strip();
    return new ParsedRow(
        images(row.path(IMAGE)),
        question.textValue().replace("<image>", ""),
        response,
        "<answer> " + bare + " </answer>",
        fields(row, commonRewardMethod));
  }

  private static ObjectNode object(String line) {
    try {
      if (READER.readTree(line) instanceof ObjectNode row) {
        return row;
      }
      throw new RowProblem("not a JSON object");
    } catch (JsonProcessingException e) {
      String message = e.getOriginalMessage().lines().findFirst().orElse("syntax error");
      int column = e.getLocation() == null ? 0 : e.getLocation().getColumnNr();
      throw new RowProblem("broken JSON at column " + column + ": " + message, e);
    }
  }

  private static List<String> images(JsonNode image) {
    if (image.isMissingNode() || image.isNull()) {
      return List.of();
    }
    if (image.isTextual()) {
      return List.of(image.textValue());
    }
    List<String> paths = new ArrayList<>();
    for (JsonNode path : image) {
      if (path.isTextual()) {
        paths.add(path.textValue());
      }
    }
    if (!image.isArray() || paths.size() != image.size()) {
      throw new RowProblem("image must be a path or a list of paths, got " + image);
    }
    return paths;
  }

  private static Map<String, String> fields(ObjectNode row, String commonRewardMethod) {
    Map<String, String> fields = new TreeMap<>();
    fields.put(REWARD_METHOD, MAPPER.getNodeFactory().textNode(commonRewardMethod).toString());
    row.properties()
        .forEach(column -> {
          if (!column.getKey().equals(IMAGE) && !column.getKey().equals(CONVERSATIONS)) {
            fields.put(column.getKey(), column.getValue().toString());
          }
        });
    return fields;
  }

  private static String spaced(JsonNode node) {
    try {
      return SPACED.writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree that was read can be written", e);
    }
  }
}
