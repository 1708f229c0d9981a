package dev.sampo.vlm.weights.transfer;

import com.github.luben.zstd.Zstd;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.weights.ElementType;
import dev.sampo.vlm.weights.StoredTensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * The difference of two tensors, bit by bit: exclusive or, then all bytes of equal significance
 * together, then zstd. A step changes the low bytes of most weights and the high bytes of few, so
 * the high bytes become long runs of zeros. Nothing is lost, whatever the bits mean.
 */
final class TensorDelta {
  private static final int FAST = 1;

  private TensorDelta() {}

  /** The difference as an opaque tensor of bytes. */
  static StoredTensor encode(StoredTensor base, StoredTensor target) {
    byte[] from = base.bytes().toArray(ValueLayout.JAVA_BYTE);
    byte[] to = target.bytes().toArray(ValueLayout.JAVA_BYTE);
    int width = target.type().bytes();
    int count = to.length / width;
    byte[] planes = new byte[to.length];
    for (int plane = 0; plane < width; plane++) {
      for (int i = 0; i < count; i++) {
        planes[plane * count + i] = (byte) (from[i * width + plane] ^ to[i * width + plane]);
      }
    }
    byte[] compressed = Zstd.compress(planes, FAST);
    return new StoredTensor(
        ElementType.U8, List.of((long) compressed.length), MemorySegment.ofArray(compressed));
  }

  /**
   * What the difference turns {@code base} into.
   *
   * @throws ModelException if it does not belong to a tensor of this size
   */
  static StoredTensor apply(StoredTensor base, StoredTensor delta, String name) {
    byte[] bytes = base.bytes().toArray(ValueLayout.JAVA_BYTE);
    byte[] compressed = delta.bytes().toArray(ValueLayout.JAVA_BYTE);
    byte[] planes = new byte[bytes.length];
    long size = Zstd.decompress(planes, compressed);
    if (Zstd.isError(size) || size != bytes.length) {
      throw new ModelException(
          "the delta of weight %s does not decode to the %d bytes of the weight"
              .formatted(name, bytes.length));
    }
    int width = base.type().bytes();
    int count = bytes.length / width;
    for (int plane = 0; plane < width; plane++) {
      for (int i = 0; i < count; i++) {
        bytes[i * width + plane] ^= planes[plane * count + i];
      }
    }
    return new StoredTensor(base.type(), base.shape(), MemorySegment.ofArray(bytes));
  }
}
