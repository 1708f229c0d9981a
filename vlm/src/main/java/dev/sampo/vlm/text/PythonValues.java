package dev.sampo.vlm.text;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.Filter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Operators and filters of chat templates on values as Python has them, which the engine would take
 * more loosely. They throw IllegalArgumentException where Python would refuse or where the result
 * is not known to be the same. The engine calls these by reflection, so they are public.
 */
public final class PythonValues {
  private PythonValues() {}

  /** {@code left == right}: a text is never equal to a number. */
  public static boolean equal(@Nullable Object left, @Nullable Object right) {
    if (left instanceof CharSequence text && right instanceof CharSequence other) {
      return text.toString().contentEquals(other);
    }
    if (isNumber(left) && isNumber(right)) {
      return number(left) == number(right);
    }
    if (left instanceof Collection<?> some && right instanceof Collection<?> others) {
      Iterator<?> other = others.iterator();
      return some.size() == others.size()
          && some.stream().allMatch(item -> equal(item, other.next()));
    }
    if (left instanceof Map && right instanceof Map) {
      throw new IllegalArgumentException("compares two maps");
    }
    return left == null && right == null;
  }

  /** {@code left + right}: two texts, two whole numbers or two lists. */
  public static Object add(@Nullable Object left, @Nullable Object right) {
    if (left instanceof CharSequence && right instanceof CharSequence) {
      return left.toString() + right;
    }
    if (isNumber(left) && isNumber(right)) {
      return Math.addExact(number(left), number(right));
    }
    if (left instanceof Collection<?> some && right instanceof Collection<?> others) {
      List<Object> all = new ArrayList<>(some);
      all.addAll(others);
      return all;
    }
    throw new IllegalArgumentException("adds %s to %s".formatted(kind(right), kind(left)));
  }

  /** {@code item in container}: part of a text, item of a list or key of a map. */
  public static boolean contains(@Nullable Object item, @Nullable Object container) {
    return switch (container) {
      case null -> false;
      case CharSequence text when item instanceof CharSequence part ->
          text.toString().contains(part);
      case Collection<?> items -> items.stream().anyMatch(other -> equal(item, other));
      case Map<?, ?> map -> map.keySet().stream().anyMatch(key -> equal(item, key));
      default ->
          throw new IllegalArgumentException(
              "looks for %s in %s".formatted(kind(item), kind(container)));
    };
  }

  private static boolean isNumber(@Nullable Object value) {
    return value instanceof Long || value instanceof Integer || value instanceof Boolean;
  }

  private static long number(@Nullable Object value) {
    return switch (value) {
      case Boolean truth -> truth ? 1 : 0;
      case Number number -> number.longValue();
      case null, default -> throw new IllegalArgumentException("counts with " + kind(value));
    };
  }

  private static String kind(@Nullable Object value) {
    return value == null ? "something undefined" : "a " + value.getClass().getSimpleName();
  }

  static List<Filter> filters() {
    return List.of(
        new ValueFilter("trim", PythonValues::trim),
        new ValueFilter("length", PythonValues::length),
        new ValueFilter("count", PythonValues::length),
        new ValueFilter("first", value -> items(value).stream().findFirst().orElse(null)),
        new ValueFilter("last", value -> items(value).stream().reduce((_, b) -> b).orElse(null)),
        new ValueFilter("list", value -> new ArrayList<>(items(value))),
        new Join());
  }

  private static Object trim(@Nullable Object value) {
    return switch (value) {
      case null -> "";
      case CharSequence text ->
          text.toString().replaceAll("(?U)^[\\s\\x1c-\\x1f]+|[\\s\\x1c-\\x1f]+\\z", "");
      default -> throw new IllegalArgumentException("trims " + kind(value));
    };
  }

  private static Object length(@Nullable Object value) {
    return switch (value) {
      case CharSequence text -> text.codePoints().count();
      case Map<?, ?> map -> (long) map.size();
      case null, default -> (long) items(value).size();
    };
  }

  private static Collection<?> items(@Nullable Object value) {
    return switch (value) {
      case null -> List.of();
      case Collection<?> items -> items;
      default -> throw new IllegalArgumentException("takes %s for a list".formatted(kind(value)));
    };
  }

  private interface ValueFunction {
    @Nullable Object apply(@Nullable Object value);
  }

  /** A filter without arguments. */
  private record ValueFilter(String getName, ValueFunction function) implements Filter {
    @Override
    public @Nullable Object filter(
        @Nullable Object value, JinjavaInterpreter interpreter, String... arguments) {
      if (arguments.length > 0) {
        throw new IllegalArgumentException(getName + " takes no arguments here");
      }
      return function.apply(value);
    }
  }

  private static final class Join implements Filter {
    @Override
    public String getName() {
      return "join";
    }

    @Override
    public Object filter(
        @Nullable Object value, JinjavaInterpreter interpreter, String... arguments) {
      return items(value).stream()
          .map(TemplateFunctions::printed)
          .collect(Collectors.joining(arguments.length == 0 ? "" : arguments[0]));
    }
  }
}
