package dev.sampo.vlm.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.stream.Stream;

/** Sizes and grids that VLM-R1's code gives, computed outside this project. */
final class PublishedSizes {
  private PublishedSizes() {}

  static Stream<JsonNode> tiles() {
    return cases("internvl.dynamic_preprocess");
  }

  static Stream<JsonNode> smartResizes() {
    return cases("qwen.smart_resize");
  }

  private static Stream<JsonNode> cases(String function) {
    try (InputStream lines = PublishedSizes.class.getResourceAsStream("vlm-r1-sizes.jsonl")) {
      return new ObjectMapper()
          .readerFor(JsonNode.class).<JsonNode>readValues(lines).readAll().stream()
              .filter(row -> row.path("function").asText().equals(function));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
