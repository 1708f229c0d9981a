package dev.sampo.learner.objective;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** One line of loss-cases.jsonl. */
record LossCase(String variant, JsonNode inputs, JsonNode expected) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static List<LossCase> all() {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(LossCase.class.getResourceAsStream("loss-cases.jsonl")),
                StandardCharsets.UTF_8))) {
      return reader.lines().map(LossCase::parse).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Stream<LossCase> withPrefix(String... prefixes) {
    return all().stream().filter(c -> Stream.of(prefixes).anyMatch(c.variant()::startsWith));
  }

  static LossCase named(String variant) {
    return withPrefix(variant).findFirst().orElseThrow();
  }

  double[][] matrix(JsonNode node) {
    return StreamSupport.stream(node.spliterator(), false)
        .map(LossCase::vector)
        .toArray(double[][]::new);
  }

  static double[] vector(JsonNode node) {
    return StreamSupport.stream(node.spliterator(), false)
        .mapToDouble(JsonNode::asDouble)
        .toArray();
  }

  private static LossCase parse(String line) {
    try {
      JsonNode node = JSON.readTree(line);
      return new LossCase(node.get("variant").asText(), node.get("inputs"), node.get("expected"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String toString() {
    return variant;
  }
}
