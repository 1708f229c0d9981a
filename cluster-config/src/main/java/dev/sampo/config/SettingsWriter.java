package dev.sampo.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigMemorySize;
import com.typesafe.config.ConfigValueFactory;
import dev.sampo.learner.option.OptionText;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Writes settings records as HOCON: the inverse of {@link SettingsReader}. */
final class SettingsWriter {
  private SettingsWriter() {}

  static Config toConfig(String root, Record settings) {
    return ConfigFactory.empty().withValue(root, ConfigValueFactory.fromAnyRef(plain(settings)));
  }

  private static Object plain(Object value) {
    return switch (value) {
      case Record section -> section(section);
      case Enum<?> constant -> OptionText.of(constant);
      case Path path -> path.toAbsolutePath().normalize().toString();
      case Duration duration -> duration.toMillis() + "ms";
      case ConfigMemorySize size -> size.toBytes() + "B";
      case List<?> list -> list.stream().map(SettingsWriter::plain).toList();
      case Map<?, ?> map -> {
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((key, item) -> copy.put(String.valueOf(key), plain(item)));
        yield copy;
      }
      default -> value;
    };
  }

  private static Map<String, @Nullable Object> section(Record settings) {
    Map<String, @Nullable Object> section = new LinkedHashMap<>();
    for (RecordComponent component : settings.getClass().getRecordComponents()) {
      // What is left out is written as null, so that no default takes its place when it is read.
      section.put(
          Names.kebab(component.getName()),
          present(read(component, settings)).map(SettingsWriter::plain).orElse(null));
    }
    return section;
  }

  /** A value, unless it is left out. */
  private static Optional<?> present(Object value) {
    return switch (value) {
      case Optional<?> optional -> optional;
      case OptionalInt optional when optional.isPresent() -> Optional.of(optional.getAsInt());
      case OptionalLong optional when optional.isPresent() -> Optional.of(optional.getAsLong());
      case OptionalDouble optional when optional.isPresent() -> Optional.of(optional.getAsDouble());
      case OptionalInt _, OptionalLong _, OptionalDouble _ -> Optional.empty();
      default -> Optional.of(value);
    };
  }

  private static Object read(RecordComponent component, Record settings) {
    try {
      return component.getAccessor().invoke(settings);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("cannot read " + component, e);
    }
  }
}
