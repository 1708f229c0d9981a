package dev.sampo.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HexFormat;
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
}
