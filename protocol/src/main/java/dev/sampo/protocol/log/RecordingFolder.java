package dev.sampo.protocol.log;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Where things are in the folder of a recording:
 *
 * <pre>
 * manifest.json            what it was made with
 * segments/000001.seg ...  groups and steps, in order
 * images/SHA-256           the encoded bytes of every image, once
 * </pre>
 */
record RecordingFolder(Path root) {
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES);

  Path segments() {
    return root.resolve("segments");
  }

  Path image(String sha256) {
    return root.resolve("images").resolve(sha256);
  }

  Path manifestFile() {
    return root.resolve("manifest.json");
  }

  RecordingManifest readManifest() {
    try {
      RecordingManifest manifest =
          JSON.readValue(Files.readAllBytes(manifestFile()), RecordingManifest.class);
      if (manifest.formatVersion() != RecordingManifest.FORMAT_VERSION) {
        throw new RecordingException(
            "%s has format version %d, this program reads version %d"
                .formatted(root, manifest.formatVersion(), RecordingManifest.FORMAT_VERSION));
      }
      return manifest;
    } catch (JacksonException e) {
      throw new RecordingException(
          manifestFile() + " is not a manifest: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new RecordingException(root + " is not a recording: cannot read manifest.json", e);
    }
  }

  void writeManifest(RecordingManifest manifest) throws IOException {
    writeAtomically(manifestFile(), JSON.writeValueAsBytes(manifest));
  }

  /** The whole file or no file, also after a crash. */
  static void writeAtomically(Path file, byte[] bytes) throws IOException {
    Files.createDirectories(file.getParent());
    Path partial = file.resolveSibling(file.getFileName() + ".partial");
    Files.write(partial, bytes);
    try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
