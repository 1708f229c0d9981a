package dev.sampo.protocol.wire;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import dev.sampo.protocol.message.NodeMessage;
import java.util.function.Function;

/**
 * Records to Protobuf bytes and back. Equal records have equal bytes.
 *
 * <p>Every {@code decode} throws {@link WireFormatException} for bytes that are not what they
 * should be: cut off, of an unknown kind, with a required part missing, or with values that the
 * record refuses. Fields that this version does not know are ignored.
 */
public final class WireCodec {
  private WireCodec() {}

  public static byte[] encode(NodeMessage message) {
    return MessageWires.toWire(message).toByteArray();
  }

  /**
   * A bound on the bytes of a {@link NodeMessage.Score} with this group and no address, hundreds of
   * times cheaper than encoding it. Texts count three times.
   */
  public static long mostBytesOfScore(CompletionGroup group) {
    return GroupSizes.mostBytesOfScore(group);
  }

  public static NodeMessage decodeMessage(byte[] bytes) {
    return decode("node message", bytes, NodeMessageWire::parseFrom, MessageWires::fromWire);
  }

  public static byte[] encode(LogEntry entry) {
    return LogEntryWires.toWire(entry).toByteArray();
  }

  public static LogEntry decodeLogEntry(byte[] bytes) {
    return decode("log entry", bytes, LogEntryWire::parseFrom, LogEntryWires::fromWire);
  }

  public static byte[] encode(ScoredGroup group) {
    return GroupWires.toWire(group).toByteArray();
  }

  public static ScoredGroup decodeScoredGroup(byte[] bytes) {
    return decode("scored group", bytes, ScoredGroupWire::parseFrom, GroupWires::fromWire);
  }

  public static byte[] encode(StepCommitted step) {
    return LogEntryWires.toWire(step).toByteArray();
  }

  public static StepCommitted decodeStep(byte[] bytes) {
    return decode("committed step", bytes, StepCommittedWire::parseFrom, LogEntryWires::fromWire);
  }

  public static byte[] encode(WeightDelta delta) {
    return VersionWires.toWire(delta).toByteArray();
  }

  public static WeightDelta decodeWeightDelta(byte[] bytes) {
    return decode("weight delta", bytes, WeightDeltaWire::parseFrom, VersionWires::fromWire);
  }

  public static byte[] encode(LedgerEvent event) {
    return LedgerWires.toWire(event).toByteArray();
  }

  public static LedgerEvent decodeLedgerEvent(byte[] bytes) {
    return decode("ledger event", bytes, LedgerEventWire::parseFrom, LedgerWires::fromWire);
  }

  public static byte[] encode(LedgerSnapshot snapshot) {
    return SnapshotWires.toWire(snapshot).toByteArray();
  }

  /** As the others; a format that this version does not know is refused. */
  public static LedgerSnapshot decodeLedgerSnapshot(byte[] bytes) {
    return decode("ledger snapshot", bytes, LedgerSnapshotWire::parseFrom, SnapshotWires::fromWire);
  }

  @FunctionalInterface
  private interface Parser<W extends MessageLite> {
    W parse(byte[] bytes) throws InvalidProtocolBufferException;
  }

  private static <W extends MessageLite, R> R decode(
      String what, byte[] bytes, Parser<W> parser, Function<W, R> fromWire) {
    try {
      return fromWire.apply(parser.parse(bytes));
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      throw new WireFormatException(
          "not a " + what + " (" + bytes.length + " bytes): " + e.getMessage(), e);
    } catch (WireFormatException e) {
      throw new WireFormatException(
          "not a " + what + " (" + bytes.length + " bytes): " + e.getMessage(), e);
    }
  }
}
