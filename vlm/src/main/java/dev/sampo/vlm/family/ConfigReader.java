package dev.sampo.vlm.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.sampo.vlm.ModelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Reads settings from one object of a {@code config.json}; errors name the file and the key.
 *
 * @param node the object
 * @param where path of the object in the file, such as {@code vision_config.}
 * @param source the file
 */
public record ConfigReader(JsonNode node, String where, Path source) {

  /** Reads the top of a folder's {@code config.json}. */
  public static ConfigReader of(ModelFolder folder) {
    return new ConfigReader(folder.config(), "", folder.configFile());
  }

  /** An object inside this one; an empty one if it is not there. */
  public ConfigReader sectionOrEmpty(String key) {
    return has(key)
        ? section(key)
        : new ConfigReader(MissingNode.getInstance(), where + key + ".", source);
  }

  /**
   * An object inside this one.
   *
   * @throws ModelException if it is not there
   */
  public ConfigReader section(String key) {
    if (!node.path(key).isObject()) {
      throw invalid(key, "an object", node.path(key));
    }
    return new ConfigReader(node.path(key), where + key + ".", source);
  }

  public boolean has(String key) {
    return node.hasNonNull(key);
  }

  public int integer(String key) {
    JsonNode value = node.path(key);
    if (!value.canConvertToInt() || !value.isIntegralNumber()) {
      throw invalid(key, "an integer", value);
    }
    return value.intValue();
  }

  public int integer(String key, int otherwise) {
    return has(key) ? integer(key) : otherwise;
  }

  public double number(String key) {
    JsonNode value = node.path(key);
    if (!value.isNumber()) {
      throw invalid(key, "a number", value);
    }
    return value.doubleValue();
  }

  public double number(String key, double otherwise) {
    return has(key) ? number(key) : otherwise;
  }

  public boolean flag(String key, boolean otherwise) {
    JsonNode value = node.path(key);
    if (has(key) && !value.isBoolean()) {
      throw invalid(key, "true or false", value);
    }
    return value.asBoolean(otherwise);
  }

  public String text(String key, String otherwise) {
    JsonNode value = node.path(key);
    if (has(key) && !value.isTextual()) {
      throw invalid(key, "a string", value);
    }
    return has(key) ? value.textValue() : otherwise;
  }

  /** A list of integers that are not negative. */
  public List<Integer> integers(String key) {
    JsonNode value = node.path(key);
    var result = new ArrayList<Integer>();
    for (JsonNode element : value) {
      result.add(element.asInt(-1));
    }
    if (!value.isArray() || result.contains(-1)) {
      throw invalid(key, "a list of integers", value);
    }
    return result;
  }

  public List<Integer> integers(String key, List<Integer> otherwise) {
    return has(key) ? integers(key) : otherwise;
  }

  /** Side of a square, written as one integer or as a list of two equal ones. */
  public int side(String key) {
    if (!node.path(key).isArray()) {
      return integer(key);
    }
    List<Integer> sides = integers(key);
    if (sides.size() != 2 || !sides.getFirst().equals(sides.getLast())) {
      throw invalid(key, "one integer or two equal ones", node.path(key));
    }
    return sides.getFirst();
  }

  public int side(String key, int otherwise) {
    return has(key) ? side(key) : otherwise;
  }

  /**
   * Refuses other values of a setting than those that are supported.
   *
   * @param otherwise value of an absent key
   */
  public String oneOf(String key, Set<String> allowed, String otherwise) {
    String value = node.path(key).asText(otherwise);
    if (!allowed.contains(value)) {
      throw invalid(key, String.join(" or ", allowed), node.path(key));
    }
    return value;
  }

  /** Runs a check of values that were read, and says which file they come from. */
  public <T> T checked(Supplier<T> settings) {
    try {
      return settings.get();
    } catch (IllegalArgumentException e) {
      throw new ModelException(source + ": " + where + e.getMessage(), e);
    }
  }

  /** The error of a key. */
  public ModelException invalid(String key, String allowed, JsonNode value) {
    return new ModelException(
        "%s: %s%s must be %s, got %s"
            .formatted(source, where, key, allowed, value.isMissingNode() ? "nothing" : value));
  }
}
