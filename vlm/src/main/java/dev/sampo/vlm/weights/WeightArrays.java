package dev.sampo.vlm.weights;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.LongStream;

/** Weights between bytes and arrays. */
public final class WeightArrays {
  private WeightArrays() {}

  /** A float32 array with storage of its own, owned by {@code manager}. */
  public static NDArray load(StoredTensor tensor, NDManager manager) {
    var shape = new Shape(tensor.shape().stream().mapToLong(Long::longValue).toArray());
    return create(tensor.toFloat32(), shape, manager);
  }

  /** A float32 array from a direct little-endian buffer, with storage of its own. */
  public static NDArray create(ByteBuffer bytes, Shape shape, NDManager manager) {
    // The engine makes an array over the buffer itself; the copy outlives the buffer.
    try (NDManager scope = manager.newSubManager()) {
      NDArray array = scope.create(bytes, shape, DataType.FLOAT32).duplicate();
      array.attach(manager);
      return array;
    }
  }

  /** A copy of a float32 array as bytes. */
  public static StoredTensor store(NDArray array) {
    return new StoredTensor(
        ElementType.F32,
        LongStream.of(array.getShape().getShape()).boxed().toList(),
        MemorySegment.ofBuffer(array.toByteBuffer()));
  }

  /**
   * Writes all weights into one file, atomically.
   *
   * @throws IOException if it cannot be written
   */
  public static void save(Path file, SortedMap<String, NDArray> weights) throws IOException {
    var tensors = new TreeMap<String, StoredTensor>();
    weights.forEach((name, array) -> tensors.put(name, store(array)));
    SafetensorsFile.write(file, tensors);
  }

  /**
   * SHA-256 over the weights in name order, each as its name, a zero byte and its float32 elements
   * in little-endian order; in hexadecimal.
   */
  public static String sha256(SortedMap<String, NDArray> weights) {
    MessageDigest digest = newDigest();
    for (Map.Entry<String, NDArray> entry : weights.entrySet()) {
      digest.update(entry.getKey().getBytes(UTF_8));
      digest.update((byte) 0);
      digest.update(entry.getValue().toByteBuffer());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
