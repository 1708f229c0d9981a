package dev.sampo.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.RandomRecords;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import dev.sampo.protocol.message.NodeMessage;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Properties;
import org.junit.jupiter.api.Test;

/**
 * The bytes of one message of each kind, as committed in {@code golden.properties}: nodes of
 * neighbouring versions and old recordings must stay readable. A new kind adds a line. A changed
 * line means that old bytes read differently: give the new field a new number instead, or say in
 * the commit why old bytes may be given up, and paste the line that the failing test prints.
 */
class WireGoldenTest {
  private static final long SEED = 20;

  @Test
  void bytesOfEveryMessageAreThoseCommitted() throws IOException {
    Properties golden = committed();

    Map<String, String> actual = new LinkedHashMap<>();
    for (NodeMessage message : new RandomRecords(SEED).oneOfEachMessage()) {
      actual.put(message.getClass().getSimpleName(), hex(WireCodec.encode(message)));
    }
    for (LogEntry entry : logEntries()) {
      actual.put(entry.getClass().getSimpleName(), hex(WireCodec.encode(entry)));
    }

    for (LedgerEvent event : new RandomRecords(SEED).oneOfEachLedgerEvent()) {
      actual.put(event.getClass().getSimpleName(), hex(WireCodec.encode(event)));
    }
    LedgerSnapshot snapshot = new RandomRecords(SEED).ledgerSnapshot();
    actual.put("LedgerSnapshot", hex(WireCodec.encode(snapshot)));

    assertThat(golden).as("lines: %s", actual).isEqualTo(actual);
  }

  @Test
  void committedBytesAreStillRead() throws IOException {
    Properties golden = committed();

    for (NodeMessage message : new RandomRecords(SEED).oneOfEachMessage()) {
      byte[] bytes = bytes(golden, message.getClass());
      assertThat(WireCodec.decodeMessage(bytes)).isEqualTo(message);
    }
    for (LogEntry entry : logEntries()) {
      assertThat(WireCodec.decodeLogEntry(bytes(golden, entry.getClass()))).isEqualTo(entry);
    }
    for (LedgerEvent event : new RandomRecords(SEED).oneOfEachLedgerEvent()) {
      assertThat(WireCodec.decodeLedgerEvent(bytes(golden, event.getClass()))).isEqualTo(event);
    }
    assertThat(WireCodec.decodeLedgerSnapshot(bytes(golden, LedgerSnapshot.class)))
        .isEqualTo(new RandomRecords(SEED).ledgerSnapshot());
  }

  private static LogEntry[] logEntries() {
    var records = new RandomRecords(SEED);
    return new LogEntry[] {
      new LogEntry.GroupRecorded(records.scoredGroup()),
      new LogEntry.StepRecorded(records.step(), OptionalDouble.empty())
    };
  }

  private static Properties committed() throws IOException {
    var golden = new Properties();
    try (Reader reader =
        new InputStreamReader(
            WireGoldenTest.class.getResourceAsStream("golden.properties"),
            StandardCharsets.UTF_8)) {
      golden.load(reader);
    }
    return golden;
  }

  private static byte[] bytes(Properties golden, Class<?> kind) {
    return HexFormat.of().parseHex(golden.getProperty(kind.getSimpleName()));
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
