package dev.sampo.protocol.wire;

import dev.sampo.protocol.wire.tensorboard.EventWire;
import dev.sampo.protocol.wire.tensorboard.ScalarWire;
import dev.sampo.protocol.wire.tensorboard.SessionWire;
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
import java.util.stream.Stream;
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
   * @param folder an existing folder; the files of a run that goes on lie in it already
   * @param started when the run started, or went on
   * @param numTaken steps that the run has taken; what earlier files say about later ones is void
   * @throws IOException when the file cannot be written
   */
  public TensorBoardFile(Path folder, Instant started, long numTaken) throws IOException {
    boolean goesOn = !isEmpty(folder);
    this.out =
        new BufferedOutputStream(
            Files.newOutputStream(newFile(folder, started), StandardOpenOption.CREATE_NEW));
    EventWire.Builder start = EventWire.newBuilder().setWallTime(seconds(started));
    write(start.setFileVersion(VERSION).build());
    if (goesOn) {
      SessionWire session = SessionWire.newBuilder().setStatus(SessionWire.Status.START).build();
      write(start.setStep(numTaken + 1).setSession(session).build());
    }
    out.flush();
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.findAny().isEmpty();
    }
  }

  /** TensorBoard reads the files of a folder in the order of their names. */
  private static Path newFile(Path folder, Instant started) {
    String name = "events.out.tfevents." + started.getEpochSecond() + ".sampo";
    Path file = folder.resolve(name);
    for (int i = 1; Files.exists(file); i++) {
      file = folder.resolve(name + "." + i);
    }
    return file;
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
