package dev.sampo.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.LogEntry;
import dev.sampo.protocol.LogProbs;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RandomRecords;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StopReason;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.message.NodeMessage;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WireCodecTest {

  @Test
  void randomRecordsCoverEveryKindOfMessage() {
    assertThat(new RandomRecords(0).oneOfEachMessage())
        .extracting(message -> (Object) message.getClass())
        .containsExactlyInAnyOrder(
            Arrays.stream(NodeMessage.class.getPermittedSubclasses()).toArray());
    assertThat(new RandomRecords(0).oneOfEachLedgerEvent())
        .extracting(event -> (Object) event.getClass())
        .containsExactlyInAnyOrderElementsOf(kindsOf(LedgerEvent.class).toList());
  }

  /** The records below a sealed interface. */
  private static Stream<Object> kindsOf(Class<?> kind) {
    return kind.isInterface()
        ? Arrays.stream(kind.getPermittedSubclasses()).flatMap(WireCodecTest::kindsOf)
        : Stream.of(kind);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19})
  void everyRecordComesBackEqual(long seed) {
    var records = new RandomRecords(seed);

    assertThat(records.oneOfEachMessage())
        .allSatisfy(message ->
            assertThat(WireCodec.decodeMessage(WireCodec.encode(message))).isEqualTo(message));
    assertThat(records.oneOfEachLedgerEvent())
        .allSatisfy(event ->
            assertThat(WireCodec.decodeLedgerEvent(WireCodec.encode(event))).isEqualTo(event));
    var group = new LogEntry.GroupRecorded(records.scoredGroup());
    assertThat(WireCodec.decodeLogEntry(WireCodec.encode(group))).isEqualTo(group);
    var step = new LogEntry.StepRecorded(records.step(), OptionalDouble.of(seed / 7.0));
    assertThat(WireCodec.decodeLogEntry(WireCodec.encode(step))).isEqualTo(step);
    var delta = records.weightDelta();
    assertThat(WireCodec.decodeWeightDelta(WireCodec.encode(delta))).isEqualTo(delta);
    var scored = records.scoredGroup();
    assertThat(WireCodec.decodeScoredGroup(WireCodec.encode(scored))).isEqualTo(scored);
    var committed = records.step();
    assertThat(WireCodec.decodeStep(WireCodec.encode(committed))).isEqualTo(committed);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFailureComesBackWithWhatIsKnownOfTheFunction(boolean worksElsewhere) {
    ScoredGroup group = new RandomRecords(1).scoredGroup();
    CompletionScore failed =
        new CompletionScore(
            Map.of("judge", new RewardOutcome.Failed("down", worksElsewhere)),
            OptionalDouble.empty());
    var scored = new ScoredGroup(group.group(), Collections.nCopies(group.scores().size(), failed));

    assertThat(WireCodec.decodeScoredGroup(WireCodec.encode(scored))).isEqualTo(scored);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {0, 1, 2, 3, 4})
  void cutOrFlippedBytesGiveAMessageOrAFormatErrorAndNothingElse(long seed) {
    var random = new Random(seed);
    for (NodeMessage message : new RandomRecords(seed).oneOfEachMessage()) {
      byte[] bytes = WireCodec.encode(message);
      for (int trial = 0; trial < 200; trial++) {
        byte[] damaged = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
        if (damaged.length > 0) {
          damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
        }
        try {
          assertThat(WireCodec.decodeMessage(damaged)).isNotNull();
        } catch (WireFormatException expected) {
          assertThat(expected).hasMessageStartingWith("not a node message (" + damaged.length);
        }
      }
    }
  }

  @Test
  void noScoreIsLargerThanItsBound() {
    for (long seed = 0; seed < 1_000; seed++) {
      CompletionGroup group = new RandomRecords(seed).group();

      assertThat((long) WireCodec.encode(new NodeMessage.Score(group, "")).length)
          .as("seed %d", seed)
          .isLessThanOrEqualTo(WireCodec.mostBytesOfScore(group));
    }
  }

  @Test
  void theBoundOfALargeScoreIsNearItsSize() {
    String text = "a cat on a mat".repeat(100);
    Completion completion =
        new Completion(
            TokenIds.of(new int[4_000]),
            LogProbs.of(new float[4_000]),
            List.of(new VersionSpan(0, new PolicyVersion("run", 1, 7, "0".repeat(64)))),
            StopReason.LENGTH,
            text);
    CompletionGroup like = new RandomRecords(1).group();
    CompletionGroup group =
        new CompletionGroup(
            like.lease(),
            like.prompt(),
            like.promptTokens(),
            like.imageGrids(),
            like.sampling(),
            like.seed(),
            Collections.nCopies(8, completion),
            like.worker());

    assertThat(WireCodec.mostBytesOfScore(group))
        .isLessThan(WireCodec.encode(new NodeMessage.Score(group, "")).length * 5L / 4);
  }

  @Test
  void bytesOfAnUnknownKindAreRefused() {
    assertThatThrownBy(() -> WireCodec.decodeMessage(new byte[0]))
        .isInstanceOf(WireFormatException.class)
        .hasMessageContaining("of a kind that this version lacks");
  }

  @Test
  void missingPartIsNamed() {
    byte[] grantWithoutLease =
        NodeMessageWire.newBuilder().setGrant(GrantWire.getDefaultInstance()).build().toByteArray();

    assertThatThrownBy(() -> WireCodec.decodeMessage(grantWithoutLease))
        .isInstanceOf(WireFormatException.class)
        .hasMessageContaining("the lease is missing");
  }

  @Test
  void valueThatTheRecordRefusesIsAFormatError() {
    byte[] attemptZero =
        NodeMessageWire.newBuilder()
            .setAccepted(
                AcceptedWire.newBuilder()
                    .setLease(LeaseIdWire.newBuilder().setTerm(1).setAttempt(0)))
            .build()
            .toByteArray();

    assertThatThrownBy(() -> WireCodec.decodeMessage(attemptZero))
        .isInstanceOf(WireFormatException.class)
        .hasMessageContaining("term and attempt of a lease start at 1, got term 1, attempt 0");
  }

  @Test
  void unknownFieldIsIgnored() {
    byte[] known = WireCodec.encode(new NodeMessage.Accepted(new LeaseId(1, new GroupId(2), 3)));
    byte[] withField99 = Arrays.copyOf(known, known.length + 3);
    withField99[known.length] = (byte) 0x98; // field 99, varint
    withField99[known.length + 1] = 0x06;
    withField99[known.length + 2] = 1;

    assertThat(WireCodec.decodeMessage(withField99)).isEqualTo(WireCodec.decodeMessage(known));
  }

  @Test
  void arrayWhoseShapeAndBytesDisagreeIsRefused() {
    ArrayWire tooShort =
        ArrayWire.newBuilder()
            .setDtype(DTypeWire.INT32)
            .addShape(3)
            .setData(ByteString.copyFrom(new byte[8]))
            .build();

    assertThatThrownBy(() -> ArrayWires.tokenIds(tooShort, "tokens"))
        .hasMessage("tokens of shape [3] has 8 bytes");
    assertThatThrownBy(() -> ArrayWires.logProbs(tooShort, "log-probs"))
        .hasMessage("log-probs must be FLOAT32, got INT32");
  }

  @Test
  void arraysAreLittleEndianOnTheWire() {
    assertThat(ArrayWires.toWire(TokenIds.of(0x01020304)).getData())
        .isEqualTo(ByteString.copyFrom(new byte[] {4, 3, 2, 1}));
  }
}
