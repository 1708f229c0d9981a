package dev.sampo.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Reads records from HOCON: component {@code groupsPerStep} is key {@code groups-per-step}. Goes on
 * after an error, so that one run names everything that is wrong.
 *
 * <p>A record checks itself in its constructor, which stops at the first value it refuses. To find
 * the others when the whole is refused, every value that differs from the reference is tried alone,
 * with the reference for the rest. A value that stands with one other value of the section is not
 * to blame alone. When nothing is, a rule between keys was broken.
 */
final class SettingsReader {
  private final List<ConfigProblem> problems;

  SettingsReader(List<ConfigProblem> problems) {
    this.problems = problems;
  }

  /**
   * Reads a record.
   *
   * @param type the record
   * @param path full key of the section, for messages
   * @param section the values to read
   * @param reference the defaults of the section; empty where every key must be given
   * @return the record; empty when a problem was added
   */
  <R> Optional<R> read(
      Class<R> type, String path, ConfigObject section, Optional<ConfigObject> reference) {
    int before = problems.size();
    refuseUnknownKeys(type, path, section);
    RecordComponent[] components = type.getRecordComponents();
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      String key = Names.kebab(components[i].getName());
      values[i] =
          readKey(components[i].getGenericType(), path, key, section, reference).orElse(MISSING);
    }
    if (problems.size() == before) {
      Optional<R> whole =
          new SettingsReader(new ArrayList<>()).construct(type, path, section, components, values);
      if (whole.isPresent()) {
        return whole;
      }
    }
    reference.ifPresent(defaults -> tryAlone(type, path, section, defaults, values));
    return problems.size() > before
        ? Optional.empty()
        : construct(type, path, section, components, values);
  }

  private static final Object MISSING = new Object();

  private void refuseUnknownKeys(Class<?> type, String path, ConfigObject section) {
    List<String> known = Names.keysOf(type);
    for (String key : section.keySet()) {
      if (!known.contains(key)) {
        add(section.get(key), path + "." + key, "unknown key" + Names.suggestion(key, known));
      }
    }
  }

  private Optional<Object> readKey(
      Type type, String path, String key, ConfigObject section, Optional<ConfigObject> reference) {
    String full = path + "." + key;
    ConfigValue value = section.get(key);
    if (value == null || value.valueType() == ConfigValueType.NULL) {
      if (isOptional(type)) {
        return Optional.of(absent(type));
      }
      add(value == null ? section : value, full, "missing; it needs " + Values.describe(raw(type)));
      return Optional.empty();
    }
    Optional<ConfigObject> defaults =
        reference
            .map(object -> object.get(key))
            .filter(ConfigObject.class::isInstance)
            .map(ConfigObject.class::cast);
    return readValue(element(type), full, value, defaults).map(read -> present(type, read));
  }

  private static boolean isOptional(Type type) {
    return !element(type).equals(type);
  }

  /** What a key that may be left out holds where it is given; the type itself for other keys. */
  private static Type element(Type type) {
    Class<?> raw = raw(type);
    if (raw == OptionalInt.class) {
      return int.class;
    }
    if (raw == OptionalLong.class) {
      return long.class;
    }
    if (raw == OptionalDouble.class) {
      return double.class;
    }
    return raw == Optional.class ? argument(type, 0) : type;
  }

  private static Object absent(Type type) {
    Class<?> raw = raw(type);
    if (raw == OptionalInt.class) {
      return OptionalInt.empty();
    }
    if (raw == OptionalDouble.class) {
      return OptionalDouble.empty();
    }
    return raw == OptionalLong.class ? OptionalLong.empty() : Optional.empty();
  }

  private static Object present(Type type, Object value) {
    Class<?> raw = raw(type);
    if (raw == OptionalInt.class) {
      return OptionalInt.of((int) value);
    }
    if (raw == OptionalLong.class) {
      return OptionalLong.of((long) value);
    }
    if (raw == OptionalDouble.class) {
      return OptionalDouble.of((double) value);
    }
    return raw == Optional.class ? Optional.of(value) : value;
  }

  private Optional<Object> readValue(
      Type type, String path, ConfigValue value, Optional<ConfigObject> reference) {
    Class<?> raw = raw(type);
    if (raw.isRecord()) {
      return object(path, value)
          .flatMap(section -> read(raw, path, section, reference).map(Object.class::cast));
    }
    if (raw == List.class) {
      return readList(argument(type, 0), path, value);
    }
    if (raw == Map.class) {
      return object(path, value).flatMap(map -> readMap(argument(type, 1), path, map));
    }
    try {
      return Optional.of(Values.read(raw, value));
    } catch (ConfigException | IllegalArgumentException | ArithmeticException e) {
      add(value, path, "needs " + Values.describe(raw) + ", got " + Values.shown(value));
      return Optional.empty();
    }
  }

  private Optional<ConfigObject> object(String path, ConfigValue value) {
    if (value instanceof ConfigObject section) {
      return Optional.of(section);
    }
    add(value, path, "needs a section { .. }, got " + Values.shown(value));
    return Optional.empty();
  }

  private Optional<Object> readList(Type element, String path, ConfigValue value) {
    if (!(value instanceof ConfigList list)) {
      add(value, path, "needs a list [ .. ], got " + Values.shown(value));
      return Optional.empty();
    }
    int before = problems.size();
    List<Object> read = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      readValue(element, path + "[" + i + "]", list.get(i), Optional.empty()).ifPresent(read::add);
    }
    return problems.size() > before ? Optional.empty() : Optional.of(read);
  }

  private Optional<Object> readMap(Type element, String path, ConfigObject map) {
    int before = problems.size();
    Map<String, Object> read = new TreeMap<>();
    map.forEach((key, value) ->
        readValue(element, path + "." + key, value, Optional.empty())
            .ifPresent(item -> read.put(key, item)));
    return problems.size() > before ? Optional.empty() : Optional.of(read);
  }

  private void tryAlone(
      Class<?> type, String path, ConfigObject section, ConfigObject reference, Object[] values) {
    List<ConfigProblem> ignored = new ArrayList<>();
    SettingsReader quiet = new SettingsReader(ignored);
    RecordComponent[] components = type.getRecordComponents();
    Map<String, Object> defaults = new LinkedHashMap<>();
    for (RecordComponent component : components) {
      String key = Names.kebab(component.getName());
      quiet
          .readKey(component.getGenericType(), path, key, reference, Optional.of(reference))
          .ifPresent(value -> defaults.put(key, value));
    }
    if (defaults.size() < components.length) {
      return; // a section of the reference with keys that every run must give: nothing to try
      // against
    }
    for (int i = 0; i < components.length; i++) {
      String key = Names.kebab(components[i].getName());
      if (values[i] == MISSING || values[i].equals(defaults.get(key))) {
        continue;
      }
      Object[] alone = defaults.values().toArray();
      alone[i] = values[i];
      if (!standsWithAnother(type, path, section, alone, values)) {
        construct(type, path, section, components, alone, key);
      }
    }
  }

  private static boolean standsWithAnother(
      Class<?> type, String path, ConfigObject section, Object[] alone, Object[] values) {
    SettingsReader quiet = new SettingsReader(new ArrayList<>());
    for (int j = 0; j < values.length; j++) {
      if (values[j] == MISSING || values[j].equals(alone[j])) {
        continue;
      }
      Object[] both = alone.clone();
      both[j] = values[j];
      if (quiet.construct(type, path, section, type.getRecordComponents(), both).isPresent()) {
        return true;
      }
    }
    return false;
  }

  private <R> Optional<R> construct(
      Class<R> type,
      String path,
      ConfigObject section,
      RecordComponent[] components,
      Object[] values) {
    return construct(type, path, section, components, values, "");
  }

  /** Makes the record; a refusal is laid to {@code blamed}, or to the key its message names. */
  private <R> Optional<R> construct(
      Class<R> type,
      String path,
      ConfigObject section,
      RecordComponent[] components,
      Object[] values,
      String blamed) {
    Class<?>[] types = new Class<?>[components.length];
    for (int i = 0; i < components.length; i++) {
      types[i] = components[i].getType();
    }
    try {
      var constructor = type.getDeclaredConstructor(types);
      return Optional.of(constructor.newInstance(values));
    } catch (InvocationTargetException e) {
      if (!(e.getCause() instanceof IllegalArgumentException refusal)) {
        throw new IllegalStateException("settings record " + type + " cannot be made", e);
      }
      refuse(path, section, refusal, blamed);
      return Optional.empty();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("settings record " + type + " cannot be made", e);
    }
  }

  private void refuse(
      String path, ConfigObject section, IllegalArgumentException refusal, String blamed) {
    String message = String.valueOf(refusal.getMessage());
    String named = message.split(" ", 2)[0];
    String key = section.containsKey(named) ? named : blamed;
    ConfigValue value = section.get(key);
    if (value == null) {
      add(section, path, message);
    } else {
      String rest = message.startsWith(key + " ") ? message.substring(key.length() + 1) : message;
      add(value, path + "." + key, rest);
    }
  }

  private void add(ConfigValue at, String path, String message) {
    problems.add(new ConfigProblem(Values.where(at), path, message));
  }

  private static Class<?> raw(Type type) {
    return type instanceof ParameterizedType generic
        ? (Class<?>) generic.getRawType()
        : (Class<?>) type;
  }

  private static Type argument(Type type, int index) {
    return ((ParameterizedType) type).getActualTypeArguments()[index];
  }
}
