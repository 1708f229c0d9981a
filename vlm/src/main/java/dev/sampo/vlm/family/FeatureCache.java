package dev.sampo.vlm.family;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.ImagePatches;
import dev.sampo.vlm.Precision;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What unchanging weights of a model made of images, the least recently used given up first. Images
 * are told apart by their content.
 */
final class FeatureCache {
  private static final int HASHED_AT_ONCE = 1 << 14;

  private final long maxBytes;
  private final int bytesPerValue;
  private final NDManager manager;
  private final Map<Key, NDArray> kept = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  /**
   * An image as a vision tower takes it.
   *
   * @param encoder whose features these are; encoders with other weights make others
   */
  record Key(ImageEncoding encoder, String sha256, int temporal, int height, int width) {
    static Key of(ImageEncoding encoder, ImagePatches image) {
      return new Key(
          encoder, hash(image.values()), image.temporal(), image.height(), image.width());
    }
  }

  /**
   * An empty cache.
   *
   * @param maxBytes that all of it may take
   * @param manager owns what is kept
   */
  FeatureCache(long maxBytes, Precision precision, NDManager manager) {
    this.maxBytes = maxBytes;
    this.bytesPerValue =
        switch (precision) {
          case FLOAT32 -> 4;
          case BFLOAT16 -> 2;
        };
    this.manager = manager;
  }

  Optional<NDArray> find(Key key) {
    return Optional.ofNullable(kept.get(key));
  }

  /** Keeps an array if it is not larger than all of the cache, and owns it then. */
  void put(Key key, NDArray features) {
    long size = features.size() * bytesPerValue;
    if (size <= maxBytes) {
      features.attach(manager);
      kept.put(key, features);
      bytes += size;
    }
  }

  /** Gives up what there is no room for. Arrays that were found before may be closed then. */
  void trim() {
    Iterator<NDArray> oldest = kept.values().iterator();
    while (bytes > maxBytes) {
      NDArray features = oldest.next();
      bytes -= features.size() * bytesPerValue;
      oldest.remove();
      features.close();
    }
  }

  private static String hash(float[] values) {
    MessageDigest digest = sha256();
    ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * Math.min(HASHED_AT_ONCE, values.length));
    FloatBuffer floats = bytes.asFloatBuffer();
    for (int from = 0; from < values.length; from += floats.capacity()) {
      int count = Math.min(floats.capacity(), values.length - from);
      floats.clear().put(values, from, count);
      digest.update(bytes.array(), 0, Float.BYTES * count);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
