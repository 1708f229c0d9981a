package dev.sampo.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.protocol.wire.tensorboard.EventWire;
import dev.sampo.protocol.wire.tensorboard.SessionWire;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against bytes that TensorBoard 2.21.0's own RecordWriter made of the same events. */
final class TensorBoardFileTest {
  private static final String BY_TENSORBOARD =
      "1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a32"
          + "2b353110290000000000000037ff5f000900005040fc54d94110072a1c0a0b0a046c6f73"
          + "73150000003f0a0d0a06726577617264150000a03f88916a9e";

  @Test
  void writesTheBytesThatTensorBoardWrites(@TempDir Path folder) throws Exception {
    try (TensorBoardFile file =
        new TensorBoardFile(folder, Instant.ofEpochMilli(1_700_000_000_500L), 0)) {
      file.write(
          7,
          Instant.ofEpochMilli(1_700_000_001_250L),
          new TreeMap<>(Map.of("loss", 0.5, "reward", 1.25)));
    }

    Path written = folder.resolve("events.out.tfevents.1700000000.sampo");
    assertThat(HexFormat.of().formatHex(Files.readAllBytes(written))).isEqualTo(BY_TENSORBOARD);
  }

  /** TensorBoard drops what earlier files say from the step of a session start on. */
  @Test
  void aRunThatGoesOnVoidsTheStepsThatItTakesAgain(@TempDir Path folder) throws Exception {
    Instant now = Instant.ofEpochMilli(1_700_000_000_500L);
    new TensorBoardFile(folder, now, 0).close();

    new TensorBoardFile(folder, now, 12).close();

    assertThat(events(folder.resolve("events.out.tfevents.1700000000.sampo")))
        .extracting(EventWire::hasSession)
        .containsExactly(false);
    List<EventWire> goingOn = events(folder.resolve("events.out.tfevents.1700000000.sampo.1"));
    assertThat(goingOn).hasSize(2);
    assertThat(goingOn.getFirst().getFileVersion()).isEqualTo("brain.Event:2");
    assertThat(goingOn.getLast().getSession().getStatus()).isEqualTo(SessionWire.Status.START);
    assertThat(goingOn.getLast().getStep()).isEqualTo(13);
  }

  private static List<EventWire> events(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<EventWire> events = new ArrayList<>();
    while (bytes.hasRemaining()) {
      byte[] data = new byte[(int) bytes.getLong()];
      bytes.getInt(); // checksum of the length
      bytes.get(data);
      bytes.getInt(); // checksum of the data
      events.add(EventWire.parseFrom(data));
    }
    return events;
  }
}
