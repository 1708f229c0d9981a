package dev.sampo.protocol.log;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.Stream;

/**
 * Where things are in the folder of a recording:
 *
 * <pre>
 * manifest.json            what it was made with
 * start.json               where it begins, if earlier segments were dropped
 * segments/000001.seg ...  groups and steps, in order
 * images/SHA-256           the encoded bytes of every image, once
 * </pre>
 */
record RecordingFolder(Path root) {
  private static final String PARTIAL = ".partial";
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES);

  Path segments() {
    return root.resolve("segments");
  }

  Path images() {
    return root.resolve("images");
  }

  Path image(String sha256) {
    return images().resolve(sha256);
  }

  Path manifestFile() {
    return root.resolve("manifest.json");
  }

  RecordingManifest readManifest() {
    try {
      RecordingManifest manifest =
          JSON.readValue(Files.readAllBytes(manifestFile()), RecordingManifest.class);
      int version = manifest.formatVersion();
      if (version < 1 || version > RecordingManifest.FORMAT_VERSION) {
        throw new RecordingException(
            "%s has format version %d, this program reads versions 1 to %d"
                .formatted(root, version, RecordingManifest.FORMAT_VERSION));
      }
      return manifest;
    } catch (JacksonException e) {
      throw RecordingException.damage(
          manifestFile() + " is not a manifest: " + e.getOriginalMessage(), e);
    } catch (NoSuchFileException e) {
      throw new RecordingException(root + " is not a recording: it has no manifest.json", e);
    } catch (IOException e) {
      throw RecordingException.notRead(manifestFile(), e);
    }
  }

  void writeManifest(RecordingManifest manifest) throws IOException {
    writeAtomically(manifestFile(), JSON.writeValueAsBytes(manifest));
    force(root);
  }

  private Path startFile() {
    return root.resolve("start.json");
  }

  RecordingStart readStart(RecordingManifest manifest) {
    if (!Files.exists(startFile())) {
      return new RecordingStart(0, manifest.modelHash(), 1);
    }
    try {
      return JSON.readValue(Files.readAllBytes(startFile()), RecordingStart.class);
    } catch (JacksonException e) {
      throw RecordingException.damage(
          startFile() + " is not the start of a recording: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw RecordingException.notRead(startFile(), e);
    }
  }

  void writeStart(RecordingStart start) throws IOException {
    writeAtomically(startFile(), JSON.writeValueAsBytes(start));
    force(root);
  }

  /** Makes the folders, with names that survive a crash, and clears what one has left. */
  void prepare() throws IOException {
    Files.createDirectories(images());
    Files.createDirectories(segments());
    force(root);
    Path parent = root.toAbsolutePath().getParent();
    if (parent != null) {
      force(parent);
    }
    try (Stream<Path> files = Files.list(images())) {
      for (Path file : files.filter(file -> file.toString().endsWith(PARTIAL)).toList()) {
        Files.delete(file);
      }
    }
  }

  /**
   * The whole file or no file, also after a crash; which of them, {@link #force} of its folder
   * decides.
   */
  static void writeAtomically(Path file, byte[] bytes) throws IOException {
    Path partial = file.resolveSibling(file.getFileName() + PARTIAL);
    try {
      try (FileChannel channel =
          FileChannel.open(
              partial,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        ByteBuffer left = ByteBuffer.wrap(bytes);
        while (left.hasRemaining()) {
          channel.write(left);
        }
        channel.force(true);
      }
      Files.move(
          partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      Files.deleteIfExists(partial);
      throw e;
    }
  }

  /** Returns when the names in a folder are on the disk. */
  static void force(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
