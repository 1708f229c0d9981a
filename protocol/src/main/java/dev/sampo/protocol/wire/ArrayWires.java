package dev.sampo.protocol.wire;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.sampo.protocol.LogProbs;
import dev.sampo.protocol.TokenIds;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** One-dimensional arrays as packed little-endian bytes with dtype and shape. */
final class ArrayWires {
  private ArrayWires() {}

  static ArrayWire toWire(TokenIds ids) {
    ByteBuffer packed = littleEndian(ids.length());
    packed.asIntBuffer().put(ids.toArray());
    return array(DTypeWire.INT32, ids.length(), packed);
  }

  static ArrayWire toWire(LogProbs logProbs) {
    ByteBuffer packed = littleEndian(logProbs.length());
    packed.asFloatBuffer().put(logProbs.toArray());
    return array(DTypeWire.FLOAT32, logProbs.length(), packed);
  }

  static TokenIds tokenIds(ArrayWire wire, String what) {
    int[] ids = new int[requireVector(wire, DTypeWire.INT32, what)];
    littleEndian(wire.getData()).asIntBuffer().get(ids);
    return TokenIds.of(ids);
  }

  static LogProbs logProbs(ArrayWire wire, String what) {
    float[] values = new float[requireVector(wire, DTypeWire.FLOAT32, what)];
    littleEndian(wire.getData()).asFloatBuffer().get(values);
    return LogProbs.of(values);
  }

  private static ArrayWire array(DTypeWire dtype, int length, ByteBuffer packed) {
    return ArrayWire.newBuilder()
        .setDtype(dtype)
        .addShape(length)
        .setData(UnsafeByteOperations.unsafeWrap(packed)) // nobody else holds the buffer
        .build();
  }

  /** Checks dtype, rank and size, and returns the length. Both dtypes take four bytes. */
  private static int requireVector(ArrayWire wire, DTypeWire dtype, String what) {
    if (wire.getDtype() != dtype) {
      throw new WireFormatException(what + " must be " + dtype + ", got " + wire.getDtype());
    }
    if (wire.getShapeCount() != 1) {
      throw new WireFormatException(what + " must have one axis, got shape " + wire.getShapeList());
    }
    if (wire.getShape(0) * Integer.BYTES != wire.getData().size()) {
      throw new WireFormatException(
          what + " of shape " + wire.getShapeList() + " has " + wire.getData().size() + " bytes");
    }
    return Math.toIntExact(wire.getShape(0));
  }

  private static ByteBuffer littleEndian(int length) {
    return ByteBuffer.allocate(length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer littleEndian(ByteString data) {
    return data.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }
}
