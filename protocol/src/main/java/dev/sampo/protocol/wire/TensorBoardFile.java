package dev.sampo.protocol.wire;

import dev.sampo.protocol.wire.tensorboard.EventWire;
import dev.sampo.protocol.wire.tensorboard.ScalarWire;
import dev.sampo.protocol.wire.tensorboard.SummaryWire;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * A file of scalars that TensorBoard reads. It is a sequence of records, each
 *
 * <pre>
 * length   uint64 little-endian
 * crc      uint32 little-endian, masked CRC-32C of the eight bytes of length
 * data     length bytes: one Protobuf event
 * crc      uint32 little-endian, masked CRC-32C of data
 * </pre>
 *
 * <p>Used by one thread. Every step is flushed, so that a running run can be watched.
 */
public final class TensorBoardFile implements AutoCloseable {
  private static final String VERSION = "brain.Event:2";
  private static final int CRC_ROTATION = 15;
  private static final int CRC_MASK = 0xa282ead8;

  private final OutputStream out;

  /**
   * Begins a file in {@code folder} named as TensorBoard expects it.
   *
   * @param folder an existing folder
   * @param started when the run started
   * @throws IOException when the file exists or cannot be written
   */
  public TensorBoardFile(Path folder, Instant started) throws IOException {
    Path file = folder.resolve("events.out.tfevents." + started.getEpochSecond() + ".sampo");
    this.out = new BufferedOutputStream(Files.newOutputStream(file, StandardOpenOption.CREATE_NEW));
    write(EventWire.newBuilder().setWallTime(seconds(started)).setFileVersion(VERSION).build());
    out.flush();
  }

  /**
   * Adds the scalars of one step.
   *
   * @param step the step they belong to
   * @param at when it ended
   * @param scalars by tag
   */
  public void write(long step, Instant at, Map<String, Double> scalars) throws IOException {
    SummaryWire.Builder summary = SummaryWire.newBuilder();
    scalars.forEach((tag, value) ->
        summary.addValue(ScalarWire.newBuilder().setTag(tag).setSimpleValue(value.floatValue())));
    write(
        EventWire.newBuilder().setWallTime(seconds(at)).setStep(step).setSummary(summary).build());
    out.flush();
  }

  @Override
  public void close() throws IOException {
    out.close();
  }

  private void write(EventWire event) throws IOException {
    byte[] data = event.toByteArray();
    byte[] length = littleEndian(Long.BYTES).putLong(data.length).array();
    out.write(length);
    out.write(littleEndian(Integer.BYTES).putInt(maskedCrc(length)).array());
    out.write(data);
    out.write(littleEndian(Integer.BYTES).putInt(maskedCrc(data)).array());
  }

  /** Rotated and shifted, so that the CRC of data that holds CRCs is not degenerate. */
  private static int maskedCrc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return Integer.rotateRight((int) crc.getValue(), CRC_ROTATION) + CRC_MASK;
  }

  private static ByteBuffer littleEndian(int numBytes) {
    return ByteBuffer.allocate(numBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static double seconds(Instant at) {
    return at.toEpochMilli() / 1e3;
  }
}
