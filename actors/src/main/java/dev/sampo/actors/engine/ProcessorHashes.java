package dev.sampo.actors.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * What decides how a model folder turns a prompt into numbers, as hashes for the manifest of a
 * recording. Which of the files a folder has differs between families and ages of folders.
 */
final class ProcessorHashes {
  /** Files that decide the token ids of a text. */
  private static final List<String> TOKENIZER =
      List.of(
          "tokenizer.json",
          "vocab.json",
          "merges.txt",
          "tokenizer_config.json",
          "added_tokens.json",
          "chat_template.json",
          "chat_template.jinja",
          "additional_chat_templates/default.jinja");

  /** Files that decide the patches of an image. */
  private static final List<String> PROCESSOR = List.of("preprocessor_config.json", "config.json");

  private ProcessorHashes() {}

  static String ofTokenizer(Path model) {
    return hash(model, TOKENIZER);
  }

  static String ofImageProcessor(Path model) {
    return hash(model, PROCESSOR);
  }

  /** SHA-256 over those that are there, each as its name, its size and its bytes. */
  private static String hash(Path model, List<String> names) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String name : names) {
        Path file = model.resolve(name);
        if (Files.isRegularFile(file)) {
          byte[] bytes = Files.readAllBytes(file);
          digest.update((name + "\n" + bytes.length + "\n").getBytes(UTF_8));
          digest.update(bytes);
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
