package dev.sampo.learner.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files of a model folder that go along with its weights: configuration, tokenizer, templates.
 */
public final class ModelFiles {
  /** Whatever else lies in a model folder stays there. */
  private static final Pattern MODEL_FILE = Pattern.compile(".+\\.(json|jinja|txt|model)");

  private ModelFiles() {}

  /**
   * Copies them into a folder that has none of them yet.
   *
   * @throws IOException if one cannot be read or written
   */
  public static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = file.getFileName().toString();
        boolean isState = name.equals(CheckpointFolder.STATE) || name.contains(".safetensors");
        if (!isState && MODEL_FILE.matcher(name).matches()) {
          Files.copy(file, to.resolve(name));
        }
      }
    }
  }
}
