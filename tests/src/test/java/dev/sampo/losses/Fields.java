package dev.sampo.losses;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
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
  /** What a case may say beside its values. */
  private static final Set<String> REMARKS = Set.of("note", "source", "comment");

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
    return whole(get(field), field);
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

  /** Numbers, at least one. */
  double[] vector(String field) {
    return vector(get(field), field);
  }

  /** Whole numbers, at least one. */
  int[] wholeVector(String field) {
    return wholeVector(get(field), field);
  }

  /** Rows of one length, at least one. */
  double[][] matrix(String field) {
    double[][] matrix =
        elements(get(field), field).stream()
            .map(row -> vector(row, field))
            .toArray(double[][]::new);
    if (Arrays.stream(matrix).anyMatch(row -> row.length != matrix[0].length)) {
      throw wrong(field, "a matrix with rows of one length");
    }
    return matrix;
  }

  /** Rows of one length of whole numbers, at least one. */
  int[][] wholeMatrix(String field) {
    int[][] matrix = wholeRows(field).toArray(int[][]::new);
    if (Arrays.stream(matrix).anyMatch(row -> row.length != matrix[0].length)) {
      throw wrong(field, "a matrix with rows of one length");
    }
    return matrix;
  }

  /** Rows of 0 and 1. */
  double[][] mask(String field) {
    double[][] mask = matrix(field);
    if (Arrays.stream(mask).flatMapToDouble(Arrays::stream).anyMatch(m -> m != 0 && m != 1)) {
      throw wrong(field, "a matrix of 0 and 1");
    }
    return mask;
  }

  /** Whether a field holds rows and not numbers. */
  boolean isNested(String field) {
    return has(field) && get(field).path(0).isArray();
  }

  /** Values of which some may be missing: null, or NaN as TRL has it. */
  List<OptionalDouble> optionals(String field) {
    return optionals(get(field), field);
  }

  List<List<OptionalDouble>> optionalRows(String field) {
    return elements(get(field), field).stream().map(row -> optionals(row, field)).toList();
  }

  /** Rows of whole numbers, of any lengths. */
  List<int[]> wholeRows(String field) {
    return elements(get(field), field).stream().map(row -> wholeVector(row, field)).toList();
  }

  /** Lists of rows of whole numbers, of any lengths. */
  List<List<int[]>> wholeRowLists(String field) {
    return elements(get(field), field).stream()
        .map(rows -> list(rows, field).stream().map(row -> wholeVector(row, field)).toList())
        .toList();
  }

  /** Fields that nobody asked for. */
  List<String> unused() {
    return StreamSupport.stream(((Iterable<String>) node::fieldNames).spliterator(), false)
        .filter(field -> !asked.contains(field) && !REMARKS.contains(field))
        .sorted()
        .toList();
  }

  private List<OptionalDouble> optionals(JsonNode row, String field) {
    return elements(row, field).stream()
        .map(value ->
            value.isNull() || Double.isNaN(number(value, field))
                ? OptionalDouble.empty()
                : OptionalDouble.of(number(value, field)))
        .toList();
  }

  private double[] vector(JsonNode row, String field) {
    return elements(row, field).stream().mapToDouble(value -> number(value, field)).toArray();
  }

  private int[] wholeVector(JsonNode row, String field) {
    return elements(row, field).stream().mapToInt(value -> whole(value, field)).toArray();
  }

  private double number(JsonNode value, String field) {
    if (value.isBoolean()) {
      return value.asBoolean() ? 1 : 0;
    }
    if (!value.isNumber()) {
      throw wrong(field, "numbers");
    }
    return value.asDouble();
  }

  private int whole(JsonNode value, String field) {
    double number = number(value, field);
    if (number != Math.rint(number) || Math.abs(number) > Integer.MAX_VALUE) {
      throw wrong(field, "whole numbers of 32 bits");
    }
    return (int) number;
  }

  private List<JsonNode> elements(JsonNode value, String field) {
    List<JsonNode> elements = list(value, field);
    if (elements.isEmpty()) {
      throw wrong(field, "a list with something in it");
    }
    return elements;
  }

  private List<JsonNode> list(JsonNode value, String field) {
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
