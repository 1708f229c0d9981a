package dev.sampo.losses;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.StreamSupport;

/**
 * The fields of a case. What nobody asked for is known at the end, so that no field is ignored.
 * Asking for a field that is missing or of another kind means that the case is unsupported.
 */
final class Fields {
  private final JsonNode node;
  private final String name;
  private final Set<String> asked = new HashSet<>();

  Fields(JsonNode node, String name) {
    this.node = node;
    this.name = name;
  }

  /** Whether there is a field with a value. */
  boolean has(String field) {
    asked.add(field);
    return node.hasNonNull(field);
  }

  /** The first of the names that is there. */
  Optional<String> oneOf(String... fields) {
    Optional<String> found = Optional.empty();
    for (String field : fields) {
      if (has(field) && found.isEmpty()) {
        found = Optional.of(field);
      }
    }
    return found;
  }

  double number(String field) {
    JsonNode value = get(field);
    if (!value.isNumber()) {
      throw wrong(field, "a number");
    }
    return value.asDouble();
  }

  double number(String field, double absent) {
    return has(field) ? number(field) : absent;
  }

  OptionalDouble optional(String field) {
    return has(field) ? OptionalDouble.of(number(field)) : OptionalDouble.empty();
  }

  int integer(String field) {
    double value = number(field);
    if (value != Math.rint(value)) {
      throw wrong(field, "a whole number");
    }
    return (int) value;
  }

  boolean flag(String field) {
    return has(field) && get(field).asBoolean();
  }

  String text(String field) {
    return get(field).asText();
  }

  String text(String field, String absent) {
    return has(field) ? text(field) : absent;
  }

  double[] vector(String field) {
    return vector(get(field), field);
  }

  /** Rows of one length. */
  double[][] matrix(String field) {
    JsonNode rows = get(field);
    double[][] matrix =
        elements(rows, field).stream().map(row -> vector(row, field)).toArray(double[][]::new);
    for (double[] row : matrix) {
      if (row.length != matrix[0].length) {
        throw wrong(field, "a matrix with rows of one length");
      }
    }
    return matrix;
  }

  /** Values of which some may be null. */
  List<OptionalDouble> optionals(String field) {
    return optionals(get(field), field);
  }

  List<List<OptionalDouble>> optionalRows(String field) {
    return elements(get(field), field).stream().map(row -> optionals(row, field)).toList();
  }

  /** Rows of whole numbers, of any lengths. */
  List<int[]> indices(String field) {
    return elements(get(field), field).stream()
        .map(row -> elements(row, field).stream().mapToInt(JsonNode::asInt).toArray())
        .toList();
  }

  /** Fields that nobody asked for. */
  List<String> unused() {
    return StreamSupport.stream(((Iterable<String>) node::fieldNames).spliterator(), false)
        .filter(field -> !asked.contains(field))
        .sorted()
        .toList();
  }

  private List<OptionalDouble> optionals(JsonNode row, String field) {
    return elements(row, field).stream()
        .map(v -> v.isNumber() ? OptionalDouble.of(v.asDouble()) : OptionalDouble.empty())
        .toList();
  }

  private double[] vector(JsonNode row, String field) {
    return elements(row, field).stream()
        .mapToDouble(value -> {
          if (value.isBoolean()) {
            return value.asBoolean() ? 1 : 0;
          }
          if (!value.isNumber()) {
            throw wrong(field, "numbers");
          }
          return value.asDouble();
        })
        .toArray();
  }

  private List<JsonNode> elements(JsonNode value, String field) {
    if (!value.isArray()) {
      throw wrong(field, "a list");
    }
    return StreamSupport.stream(value.spliterator(), false).toList();
  }

  private JsonNode get(String field) {
    if (!has(field)) {
      throw new UnsupportedCaseException(name + "." + field + " is missing");
    }
    return node.get(field);
  }

  private UnsupportedCaseException wrong(String field, String needed) {
    return new UnsupportedCaseException(name + "." + field + " is not " + needed);
  }
}
