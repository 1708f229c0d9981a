package dev.sampo.config;

import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import dev.sampo.learner.option.OptionText;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Single values of the configuration: the types a settings record may have, and how they read. */
final class Values {
  /** How the place of a default ends. */
  static final String DEFAULT = " (default)";

  private static final int SHOWN_CHARS = 60;
  private static final String MERGED = "merge of "; // what HOCON calls the place of such sections
  private static final String COMPUTED = "hardcoded value"; // ... and of values of no file

  private Values() {}

  /**
   * Reads one value.
   *
   * @throws com.typesafe.config.ConfigException or {@link IllegalArgumentException} when the value
   *     is of another type; the caller says what was needed
   * @throws ArithmeticException when a whole number was needed
   */
  static Object read(Class<?> type, ConfigValue value) {
    if (type.isEnum()) {
      return constant(type, text(value));
    }
    return switch (type.getName()) {
      case "int" -> number(value).intValueExact();
      case "long" -> number(value).longValueExact();
      case "double", "java.lang.Double" -> number(value).doubleValue();
      case "boolean" -> value.atKey("v").getBoolean("v");
      case "java.lang.String" -> text(value);
      case "java.nio.file.Path" -> path(value);
      case "java.time.Duration" -> duration(value);
      case "com.typesafe.config.ConfigMemorySize" -> value.atKey("v").getMemorySize("v");
      default -> throw new IllegalStateException("settings records may not have a " + type);
    };
  }

  /** What a type accepts, for messages. */
  static String describe(Class<?> type) {
    if (type.isEnum()) {
      return "one of " + String.join(", ", constants(type));
    }
    if (type.isRecord() || type == java.util.Map.class) {
      return "a section { .. }";
    }
    return switch (type.getName()) {
      case "int", "long" -> "a whole number";
      case "double", "java.lang.Double" -> "a number";
      case "boolean" -> "true or false";
      case "java.nio.file.Path" -> "a path";
      case "java.time.Duration" -> "a duration like 500ms, 30s or 5m";
      case "com.typesafe.config.ConfigMemorySize" -> "a size like 512KiB or 64MiB";
      case "java.util.List" -> "a list [ .. ]";
      default -> "a text";
    };
  }

  /** The value as the user wrote it, shortened. */
  static String shown(ConfigValue value) {
    String text = value.render(ConfigRenderOptions.concise());
    return text.length() <= SHOWN_CHARS ? text : text.substring(0, SHOWN_CHARS) + "..";
  }

  /**
   * File and line of a value, or the option that set it. A section that was merged from several
   * places has none of its own: then those of the first value in it that an option set, or a file.
   */
  static String where(ConfigValue value) {
    return isPlace(value.origin()) || !(value instanceof ConfigObject section)
        ? place(value.origin())
        : place(firstGiven(section).orElse(value.origin()));
  }

  private static boolean isPlace(ConfigOrigin origin) {
    String description = origin.description();
    return !isDefault(origin)
        && (origin.filename() == null
            ? !description.startsWith(MERGED) && !description.equals(COMPUTED)
            : origin.lineNumber() >= 0);
  }

  private static boolean isDefault(ConfigOrigin origin) {
    return origin.description().contains("sampo/config/reference.conf");
  }

  private static Optional<ConfigOrigin> firstGiven(ConfigObject section) {
    List<ConfigOrigin> given = given(section).toList();
    return given.stream()
        .filter(origin -> origin.filename() == null)
        .findFirst()
        .or(() -> given.stream().findFirst());
  }

  private static Stream<ConfigOrigin> given(ConfigObject section) {
    return section.keySet().stream()
        .sorted()
        .map(section::get)
        .flatMap(value ->
            value instanceof ConfigObject inner
                ? given(inner)
                : Stream.of(value.origin()).filter(Values::isPlace));
  }

  private static String place(ConfigOrigin origin) {
    String file = origin.filename();
    if (isDefault(origin)) {
      return "reference.conf:" + origin.lineNumber() + DEFAULT;
    }
    if (file == null) {
      return origin.description().replaceFirst("^" + MERGED, "");
    }
    return origin.lineNumber() < 0 ? file : file + ":" + origin.lineNumber();
  }

  private static BigDecimal number(ConfigValue value) {
    String text = text(value).strip();
    double parsed = Double.parseDouble(text); // also refuses what BigDecimal would take, never more
    if (!Double.isFinite(parsed)) {
      throw new NumberFormatException(text);
    }
    return new BigDecimal(text);
  }

  private static String text(ConfigValue value) {
    if (value.valueType() == ConfigValueType.OBJECT || value.valueType() == ConfigValueType.LIST) {
      throw new IllegalArgumentException("not a single value");
    }
    return String.valueOf(value.unwrapped());
  }

  private static Duration duration(ConfigValue value) {
    if (value.valueType() == ConfigValueType.NUMBER) {
      throw new IllegalArgumentException("a duration without a unit");
    }
    return value.atKey("v").getDuration("v");
  }

  /** Relative paths start at the folder of the file that says them, else where we were started. */
  private static Path path(ConfigValue value) {
    String text = text(value);
    if (text.isBlank()) {
      throw new IllegalArgumentException("an empty path");
    }
    String file = value.origin().filename();
    Path base = file == null ? Path.of("") : Path.of(file).toAbsolutePath().getParent();
    return (base == null ? Path.of(text) : base.resolve(text)).toAbsolutePath().normalize();
  }

  private static Object constant(Class<?> type, String text) {
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> OptionText.of((Enum<?>) constant).equals(text))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("not a constant: " + text));
  }

  private static List<String> constants(Class<?> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(constant -> OptionText.of((Enum<?>) constant))
        .collect(Collectors.toList());
  }
}
