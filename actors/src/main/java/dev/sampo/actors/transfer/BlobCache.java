package dev.sampo.actors.transfer;

import dev.sampo.protocol.ImageRef;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Images of other nodes, kept in a folder up to a number of bytes, the least recently used leaving
 * first. Concurrent requests for one image are one transfer. Safe for several threads.
 */
public final class BlobCache {
  private final FileSource files;
  private final Path folder;
  private final long maxBytes;
  private final Map<String, Long> sizes = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<String, CompletionStage<Path>> underWay = new HashMap<>();
  private long bytes;

  /**
   * An empty cache.
   *
   * @param folder where the images are kept; only this cache writes there
   * @param maxBytes most bytes kept; a larger image is kept alone
   */
  public BlobCache(FileSource files, Path folder, long maxBytes) {
    this.files = files;
    this.folder = folder;
    this.maxBytes = maxBytes;
  }

  /**
   * The bytes of an image.
   *
   * @param baseUrl a node that has it serves {@code <baseUrl>/<sha256>}
   * @return fails with {@link TransferException} when that node has no such bytes
   */
  public CompletionStage<byte[]> get(ImageRef image, String baseUrl) {
    return fetch(image.sha256(), baseUrl).thenApply(BlobCache::read);
  }

  private synchronized CompletionStage<Path> fetch(String sha256, String baseUrl) {
    Path target = folder.resolve(sha256);
    if (sizes.get(sha256) != null) {
      return CompletableFuture.completedFuture(target);
    }
    CompletionStage<Path> running = underWay.get(sha256);
    if (running != null) {
      return running;
    }
    CompletionStage<Path> started = files.fetch(List.of(baseUrl + "/" + sha256), sha256, target);
    underWay.put(sha256, started);
    return started.whenComplete((file, failure) -> ended(sha256, Optional.ofNullable(file)));
  }

  private synchronized void ended(String sha256, Optional<Path> file) {
    underWay.remove(sha256);
    file.ifPresent(path -> {
      long size = path.toFile().length();
      sizes.put(sha256, size);
      bytes += size;
      evictDownToLimit();
    });
  }

  private void evictDownToLimit() {
    var oldest = sizes.entrySet().iterator();
    while (bytes > maxBytes && sizes.size() > 1) {
      Map.Entry<String, Long> entry = oldest.next();
      bytes -= entry.getValue();
      delete(folder.resolve(entry.getKey()));
      oldest.remove();
    }
  }

  private static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
