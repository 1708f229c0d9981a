package dev.sampo.learner.checkpoint;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files of a model folder that go along with its weights: configuration, tokenizer, templates,
 * and code where the configuration names some.
 */
public final class ModelFiles {
  /** Whatever else lies in a model folder stays there. */
  private static final Pattern MODEL_FILE = Pattern.compile(".+\\.(json|jinja|txt|model)");

  /** Where Transformers keeps templates beside the standard one. */
  private static final String TEMPLATES = "additional_chat_templates";

  /** Files whose {@code auto_map} names classes in Python files of the folder. */
  private static final List<String> NAMING_CODE =
      List.of(
          "config.json",
          "tokenizer_config.json",
          "preprocessor_config.json",
          "processor_config.json");

  private static final ObjectMapper JSON = new ObjectMapper();

  private ModelFiles() {}

  /**
   * Copies them into a folder that has none of them yet.
   *
   * @throws IOException if one cannot be read or written
   */
  public static void copy(Path from, Path to) throws IOException {
    boolean hasCode = namesCode(from);
    copy(from, to, name -> isModelFile(name) || (hasCode && name.endsWith(".py")));
    if (Files.isDirectory(from.resolve(TEMPLATES))) {
      Files.createDirectories(to.resolve(TEMPLATES));
      copy(from.resolve(TEMPLATES), to.resolve(TEMPLATES), name -> name.endsWith(".jinja"));
    }
  }

  private static boolean isModelFile(String name) {
    boolean isState = name.equals(StateFile.NAME) || name.contains(".safetensors");
    return !isState && MODEL_FILE.matcher(name).matches();
  }

  private static boolean namesCode(Path folder) throws IOException {
    for (String name : NAMING_CODE) {
      Path file = folder.resolve(name);
      if (Files.isRegularFile(file) && JSON.readTree(file.toFile()).has("auto_map")) {
        return true;
      }
    }
    return false;
  }

  private static void copy(Path from, Path to, Predicate<String> isWanted) throws IOException {
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = file.getFileName().toString();
        if (isWanted.test(name)) {
          Files.copy(file, to.resolve(name));
        }
      }
    }
  }
}
