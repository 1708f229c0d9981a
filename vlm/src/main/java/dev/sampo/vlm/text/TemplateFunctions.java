package dev.sampo.vlm.text;

import com.google.errorprone.annotations.DoNotCall;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.Filter;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import com.hubspot.jinjava.objects.date.StrftimeFormatter;
import java.math.BigInteger;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a chat template may call, as Python and Transformers do it. The engine calls these by
 * reflection, so they are public.
 */
public final class TemplateFunctions {
  /** Starts the names that are ours and not the template's. */
  static final String PREFIX = "sampo_";

  static final String TRUTH = PREFIX + "truth";
  static final String KEEP = PREFIX + "keep";
  static final String PRINTED = PREFIX + "printed";
  static final String ITEMS = PREFIX + "items";
  static final String EQUAL = PREFIX + "equal";
  static final String ADD = PREFIX + "add";
  static final String CONTAINS = PREFIX + "contains";

  private TemplateFunctions() {}

  static List<ELFunctionDefinition> all() {
    return List.of(
        function(TRUTH, "truth", Object.class),
        new ELFunctionDefinition(
            "", KEEP, TemplateFunctions.class, "keep", String.class, Object.class),
        function(PRINTED, "printed", Object.class),
        function(ITEMS, "items", Object.class),
        operator(EQUAL, "equal"),
        operator(ADD, "add"),
        operator(CONTAINS, "contains"),
        function("raise_exception", "raise", Object.class),
        function("strftime_now", "now", String.class));
  }

  private static ELFunctionDefinition function(String name, String method, Class<?> parameter) {
    return new ELFunctionDefinition("", name, TemplateFunctions.class, method, parameter);
  }

  private static ELFunctionDefinition operator(String name, String method) {
    return new ELFunctionDefinition(
        "", name, PythonValues.class, method, Object.class, Object.class);
  }

  /** Truth of a value in Python: nothing, zero and what is empty is false. */
  public static boolean truth(@Nullable Object value) {
    return switch (value) {
      case null -> false;
      case Boolean truth -> truth;
      case Number number -> number.doubleValue() != 0;
      case CharSequence text -> !text.isEmpty();
      case Collection<?> items -> !items.isEmpty();
      case Map<?, ?> map -> !map.isEmpty();
      default -> true;
    };
  }

  /** Truth of a value, which a variable holds from then on. */
  public static boolean keep(String variable, @Nullable Object value) {
    JinjavaInterpreter.getCurrent().getContext().put(variable, value);
    return truth(value);
  }

  /**
   * A value as Python prints it; what is undefined prints as nothing.
   *
   * @throws IllegalArgumentException for values whose printed form is not known to be the same
   */
  public static String printed(@Nullable Object value) {
    return switch (value) {
      case null -> "";
      case Boolean truth -> truth ? "True" : "False";
      case CharSequence text -> text.toString();
      case Long _, Integer _, BigInteger _ -> value.toString();
      default ->
          throw new IllegalArgumentException(
              "prints a value that is neither text nor a whole number: "
                  + value.getClass().getSimpleName());
    };
  }

  /**
   * What a loop runs over.
   *
   * @throws IllegalArgumentException for what the engine would not take apart
   */
  public static @Nullable Object items(@Nullable Object value) {
    if (value != null && !(value instanceof Collection) && !(value instanceof Map)) {
      throw new IllegalArgumentException(
          "loops over something that is no list: " + value.getClass().getSimpleName());
    }
    return value;
  }

  /**
   * Ends rendering by the template's own wish.
   *
   * @throws IllegalArgumentException always
   */
  @DoNotCall("a template does")
  public static Object raise(@Nullable Object message) {
    throw new IllegalArgumentException("the template refuses: " + message);
  }

  /** The present time in a format of {@code strftime}. */
  public static String now(String format) {
    return StrftimeFormatter.format(ZonedDateTime.now(ZoneId.systemDefault()), format);
  }

  /** Python's {@code json.dumps} without ASCII escapes. */
  static final class ToJson implements Filter {
    @Override
    public String getName() {
      return "tojson";
    }

    @Override
    public Object filter(
        @Nullable Object value, JinjavaInterpreter interpreter, String... arguments) {
      if (arguments.length > 0) {
        throw new IllegalArgumentException("tojson takes no arguments here");
      }
      return json(value);
    }

    private static String json(@Nullable Object value) {
      return switch (value) {
        case null -> "null";
        case Boolean _, Long _, Integer _, BigInteger _ -> value.toString();
        case CharSequence text -> quoted(text.toString());
        case Collection<?> items ->
            items.stream().map(ToJson::json).collect(Collectors.joining(", ", "[", "]"));
        case Map<?, ?> map ->
            map.entrySet().stream()
                .map(entry -> quoted(entry.getKey().toString()) + ": " + json(entry.getValue()))
                .collect(Collectors.joining(", ", "{", "}"));
        default ->
            throw new IllegalArgumentException(
                "tojson of " + value.getClass().getSimpleName() + " is not supported");
      };
    }

    private static String quoted(String text) {
      StringBuilder quoted = new StringBuilder("\"");
      for (int at = 0; at < text.length(); at++) {
        char c = text.charAt(at);
        switch (c) {
          case '"' -> quoted.append("\\\"");
          case '\\' -> quoted.append("\\\\");
          case '\n' -> quoted.append("\\n");
          case '\r' -> quoted.append("\\r");
          case '\t' -> quoted.append("\\t");
          case '\b' -> quoted.append("\\b");
          case '\f' -> quoted.append("\\f");
          default -> quoted.append(c < ' ' ? "\\u%04x".formatted((int) c) : String.valueOf(c));
        }
      }
      return quoted.append('"').toString();
    }
  }
}
