package dev.sampo.tasks.data;

import dev.sampo.protocol.ImageRef;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * The image files that this node has read, by content. A file is read and hashed when its first row
 * is visited; its bytes are not kept. Safe for several threads.
 */
public final class ImageFiles implements BlobStore {
  private final ConcurrentMap<Path, ImageRef> refs = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, Path> paths = new ConcurrentHashMap<>();

  /**
   * Names an image file by its content.
   *
   * @throws IOException when the file cannot be read or is no image; the message is one line
   */
  public ImageRef ref(Path path) throws IOException {
    ImageRef known = refs.get(path);
    if (known != null) {
      return known;
    }
    ImageRef ref = read(path);
    paths.putIfAbsent(ref.sha256(), path);
    refs.put(path, ref);
    return ref;
  }

  @Override
  public Optional<byte[]> find(String sha256) {
    Path path = paths.get(sha256);
    if (path == null) {
      return Optional.empty();
    }
    try {
      byte[] bytes = Files.readAllBytes(path);
      return sha256(bytes).equals(sha256) ? Optional.of(bytes) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static ImageRef read(Path path) throws IOException {
    if (!Files.isRegularFile(path)) {
      throw new IOException("image file " + path + " does not exist");
    }
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(path);
    } catch (IOException e) {
      throw new IOException("image file " + path + " cannot be read: " + e.getMessage(), e);
    }
    try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (readers.hasNext()) {
        ImageReader reader = readers.next();
        try {
          reader.setInput(in, true, true);
          return new ImageRef(sha256(bytes), reader.getWidth(0), reader.getHeight(0), bytes.length);
        } finally {
          reader.dispose();
        }
      }
    } catch (IOException | RuntimeException e) {
      throw new IOException("image file " + path + " is damaged: " + e.getMessage(), e);
    }
    throw new IOException("image file " + path + " is no image; PNG, JPEG, GIF and BMP are read");
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
