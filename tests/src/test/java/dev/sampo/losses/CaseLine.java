package dev.sampo.losses;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Optional;

/**
 * One line of a file of cases: {@code {"variant", "inputs", "expected"}}, or {@code {"function",
 * "extra", "expected"}} of the cases of VLM-R1's trainer.
 *
 * @param variant its name: family/name
 * @param inputs what goes in
 * @param expected what has to come out
 */
record CaseLine(String variant, JsonNode inputs, JsonNode expected) {
  /** The field of what is expected where a line has no names for it. */
  static final String VALUE = "value";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .build();

  /**
   * Reads a line.
   *
   * @param number of the line, from 1; tells cases of a function apart
   * @return empty for a case that is not about the learner, as of a reward function
   * @throws UnsupportedCaseException if the line has another format
   */
  static Optional<CaseLine> parse(String line, int number) {
    JsonNode node;
    try {
      node = JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new UnsupportedCaseException("not a line of JSON");
    }
    if (node.path("function").isTextual()) {
      String function = node.get("function").asText();
      return function.startsWith("trainer.")
          ? Optional.of(
              new CaseLine(
                  shown(function) + "#" + number, node.path("extra"), named(node.path("expected"))))
          : Optional.empty();
    }
    if (!node.path("variant").isTextual() || !node.has("inputs") || !node.has("expected")) {
      throw new UnsupportedCaseException("a case has variant, inputs and expected");
    }
    return Optional.of(
        new CaseLine(
            shown(node.get("variant").asText()), node.get("inputs"), node.get("expected")));
  }

  private static JsonNode named(JsonNode expected) {
    return expected.isObject() ? expected : JSON.createObjectNode().set(VALUE, expected);
  }

  /** A name stays within its line, and is one word of it. */
  private static String shown(String name) {
    return name.strip().replaceAll("[\\s\\p{Cntrl}]+", "_");
  }

  /** The part of the name before the first slash. */
  String family() {
    return parts().getFirst();
  }

  /** The part between the first slash and the second. */
  String name() {
    return parts().size() > 1 ? parts().get(1) : "";
  }

  private List<String> parts() {
    return List.of(variant.replace('#', '/').split("/", -1));
  }

  boolean isNamed(String part) {
    return variant.contains(part);
  }

  @Override
  public String toString() {
    return variant;
  }
}
