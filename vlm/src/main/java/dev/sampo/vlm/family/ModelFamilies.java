package dev.sampo.vlm.family;

import dev.sampo.vlm.ModelException;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.TreeMap;

/** The model families on the class path. */
public final class ModelFamilies {
  private static final SortedMap<String, ModelFamily> BY_TYPE = read();

  private ModelFamilies() {}

  private static SortedMap<String, ModelFamily> read() {
    var families = new TreeMap<String, ModelFamily>();
    for (ModelFamily family :
        ServiceLoader.load(ModelFamily.class, ModelFamilies.class.getClassLoader())) {
      for (String type : family.modelTypes()) {
        if (families.put(type, family) != null) {
          throw new IllegalStateException("two model families claim model_type " + type);
        }
      }
    }
    return families;
  }

  /**
   * The family of a model folder.
   *
   * @throws ModelException if none knows its {@code model_type}
   */
  public static ModelFamily of(ModelFolder folder) {
    String type = folder.config().path("model_type").asText("nothing");
    ModelFamily family = BY_TYPE.get(type);
    if (family == null) {
      throw new ModelException(
          "%s: model_type must be one of %s, got %s"
              .formatted(folder.configFile(), String.join(", ", BY_TYPE.keySet()), type));
    }
    return family;
  }
}
