package dev.sampo.vlm.lora;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.sampo.vlm.weights.AtomicFile;
import dev.sampo.vlm.weights.SafetensorsFile;
import dev.sampo.vlm.weights.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * The two files of an adapter folder. They are replaced as one: whatever happens on the way, the
 * old configuration counts with the old matrices or the new one with the new.
 *
 * <pre>
 *   change                                                   then there is    and counts
 *   write adapter_config.json.next                           adapter_config.json
 *   rename adapter_config.json to adapter_config.json.old    no such file     .old
 *   replace adapter_model.safetensors                        no such file     .next
 *   rename adapter_config.json.next to adapter_config.json   adapter_config.json
 *   delete adapter_config.json.old
 * </pre>
 *
 * Where there is an {@code adapter_config.json} it belongs to the matrices. Otherwise these say in
 * their metadata whether the next configuration is theirs. PEFT, which does not look for it, then
 * finds no adapter rather than a wrong one.
 */
final class AdapterFiles {
  static final String CONFIG = "adapter_config.json";
  static final String MATRICES = "adapter_model.safetensors";

  private static final String NEXT = CONFIG + ".next";
  private static final String OLD = CONFIG + ".old";
  private static final String HASH_OF_CONFIG = "adapter_config_sha256";

  private AdapterFiles() {}

  /**
   * The configuration of the matrices of a folder, if there is one.
   *
   * @throws dev.sampo.vlm.ModelException if that depends on matrices that cannot be read
   * @throws IOException if a file cannot be read
   */
  static Optional<Path> config(Path folder) throws IOException {
    Path config = folder.resolve(CONFIG);
    if (Files.isRegularFile(config)) {
      return Optional.of(config);
    }
    Path next = folder.resolve(NEXT);
    if (Files.isRegularFile(next) && isOfMatrices(next, folder.resolve(MATRICES))) {
      return Optional.of(next);
    }
    return Optional.of(folder.resolve(OLD)).filter(Files::isRegularFile);
  }

  private static boolean isOfMatrices(Path config, Path matrices) throws IOException {
    if (!Files.isRegularFile(matrices)) {
      return false;
    }
    try (SafetensorsFile file = SafetensorsFile.open(matrices)) {
      return hash(Files.readAllBytes(config)).equals(file.metadata().get(HASH_OF_CONFIG));
    }
  }

  /**
   * Replaces both files.
   *
   * @throws IOException if one cannot be written; what the folder held before still counts then
   */
  static void replace(
      Path folder, String config, SortedMap<String, ? extends TensorSource> matrices)
      throws IOException {
    settle(folder);
    byte[] bytes = config.getBytes(UTF_8);
    try {
      AtomicFile.write(folder.resolve(NEXT), bytes);
      if (Files.exists(folder.resolve(CONFIG))) {
        rename(folder, CONFIG, OLD);
      }
      SafetensorsFile.write(
          folder.resolve(MATRICES), matrices, Map.of(HASH_OF_CONFIG, hash(bytes)));
    } finally {
      settle(folder);
    }
  }

  /** Gives the configuration that counts its name and deletes what is left of an earlier save. */
  private static void settle(Path folder) throws IOException {
    Optional<Path> counting = config(folder);
    if (counting.isPresent() && !counting.get().endsWith(CONFIG)) {
      rename(folder, String.valueOf(counting.get().getFileName()), CONFIG);
    }
    Files.deleteIfExists(folder.resolve(NEXT));
    Files.deleteIfExists(folder.resolve(OLD));
  }

  private static void rename(Path folder, String from, String to) throws IOException {
    Files.move(
        folder.resolve(from),
        folder.resolve(to),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    AtomicFile.forceFolder(folder);
  }

  private static String hash(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
