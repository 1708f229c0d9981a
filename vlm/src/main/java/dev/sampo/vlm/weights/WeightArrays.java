package dev.sampo.vlm.weights;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.sampo.vlm.ops.ArrayOps;
import dev.sampo.vlm.ops.OptimizerOps;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;

/** Weights between bytes and arrays. */
public final class WeightArrays {
  private WeightArrays() {}

  /** A float32 array with storage of its own, owned by {@code manager}. */
  public static NDArray load(StoredTensor tensor, NDManager manager) {
    return load(tensor, ElementType.F32, manager);
  }

  /**
   * An array with storage of its own, owned by {@code manager}.
   *
   * <p>The storage is filled from the bytes directly. Bytes of a mapped file leave memory again as
   * soon as they are copied, so that loading a model takes little more than the model. The array is
   * a copy rather than the mapping itself because training writes to it, and because a file that
   * somebody cuts short while it is mapped ends the process.
   *
   * @param type what the elements become: F32, BF16 or F16; rounded to the nearest, ties to even
   * @throws IllegalArgumentException for another type, there or here
   */
  public static NDArray load(StoredTensor tensor, ElementType type, NDManager manager) {
    NDArray array = newArray(tensor.shape(), type, manager);
    if (ArrayTensor.isOnCpu(array)) {
      fill(array, tensor, type);
    } else {
      try (NDManager cpu = manager.newSubManager(Device.cpu())) {
        NDArray near = newArray(tensor.shape(), type, cpu);
        fill(near, tensor, type);
        OptimizerOps.copy(cpu, List.of(array), List.of(near));
      }
    }
    return array;
  }

  private static void fill(NDArray array, StoredTensor tensor, ElementType type) {
    ArrayTensor.eachWindow(
        array,
        (begin, target) -> {
          MemorySegment source = tensor.elements(begin, target.byteSize() / type.bytes());
          ElementConversion.convert(tensor.type(), source, type, target);
          StoredTensor.release(source);
        });
  }

  private static NDArray newArray(List<Long> sizes, ElementType type, NDManager manager) {
    long[] shape = sizes.stream().mapToLong(Long::longValue).toArray();
    return switch (type) {
      case F32 -> manager.create(new Shape(shape), DataType.FLOAT32);
      case F16 -> manager.create(new Shape(shape), DataType.FLOAT16);
      case BF16 -> ArrayOps.newBfloat16(manager, shape);
      case F64, I64, I32, I16, I8, U64, U32, U16, U8, BOOL ->
          throw new IllegalArgumentException("weights are F32, BF16 or F16, not " + type);
    };
  }

  /** Whether an array has the elements that {@link #load} makes of a tensor, bit by bit. */
  public static boolean isEqual(StoredTensor tensor, NDArray array) {
    var same = new AtomicBoolean(tensor.shape().equals(view(array).shape()));
    if (same.get()) {
      ElementType type = elementType(array);
      ArrayTensor.eachWindow(
          array,
          (begin, elements) -> {
            MemorySegment source = tensor.elements(begin, elements.byteSize() / type.bytes());
            MemorySegment expected = MemorySegment.ofArray(new byte[(int) elements.byteSize()]);
            ElementConversion.convert(tensor.type(), source, type, expected);
            StoredTensor.release(source);
            same.compareAndSet(true, expected.mismatch(elements) < 0);
          });
    }
    return same.get();
  }

  /** The elements of an array as they are when read; the array must stay open until then. */
  public static TensorSource view(NDArray array) {
    return view(array, elementType(array));
  }

  /** The elements of an array, converted while they are read; the array must stay open. */
  public static TensorSource view(NDArray array, ElementType type) {
    return new ArrayTensor(array, type);
  }

  /** A copy of an array as bytes, in the type of the array. */
  public static StoredTensor store(NDArray array) {
    return StoredTensor.copyOf(view(array));
  }

  /**
   * Writes all weights into one file, atomically, in the types they have.
   *
   * @throws IOException if it cannot be written
   */
  public static void save(Path file, SortedMap<String, NDArray> weights) throws IOException {
    var tensors = new TreeMap<String, TensorSource>();
    weights.forEach((name, array) -> tensors.put(name, view(array)));
    SafetensorsFile.write(file, tensors);
  }

  /**
   * SHA-256 over the weights in name order, each as its name, a zero byte and its elements in
   * little-endian order; in hexadecimal.
   */
  public static String sha256(SortedMap<String, NDArray> weights) {
    MessageDigest digest = newDigest();
    for (Map.Entry<String, NDArray> entry : weights.entrySet()) {
      digest.update(entry.getKey().getBytes(UTF_8));
      digest.update((byte) 0);
      update(digest, entry.getValue());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * SHA-256 of every weight by name, over its elements in little-endian order; in hexadecimal. What
   * was frozen has the same hash ever after.
   */
  public static SortedMap<String, String> hashes(SortedMap<String, NDArray> weights) {
    var hashes = new TreeMap<String, String>();
    weights.forEach((name, array) -> {
      MessageDigest digest = newDigest();
      update(digest, array);
      hashes.put(name, HexFormat.of().formatHex(digest.digest()));
    });
    return hashes;
  }

  private static void update(MessageDigest digest, NDArray array) {
    view(array).read(piece -> digest.update(piece.asByteBuffer()));
  }

  /**
   * Type of the elements of an array.
   *
   * @throws IllegalArgumentException if weights do not have it
   */
  public static ElementType elementType(NDArray array) {
    DataType type = array.getDataType();
    if (type == ArrayOps.BFLOAT16) {
      return ElementType.BF16;
    }
    return switch (type) {
      case FLOAT32 -> ElementType.F32;
      case FLOAT16 -> ElementType.F16;
      default -> throw new IllegalArgumentException("weights are F32, BF16 or F16, got " + type);
    };
  }

  private static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
