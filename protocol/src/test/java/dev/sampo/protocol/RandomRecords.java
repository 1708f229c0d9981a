package dev.sampo.protocol;

import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import dev.sampo.protocol.ledger.LogPlace;
import dev.sampo.protocol.message.NodeMessage;
import dev.sampo.protocol.message.NodeMessage.GiveBackReason;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Records with random contents, the corners included; the seed repeats them. */
public final class RandomRecords {
  private static final String LETTERS = "abc 01{}\"\n\u00e9\u6f22\ud83d\ude00";

  private final Random random;

  public RandomRecords(long seed) {
    this.random = new Random(seed);
  }

  /** One of each kind, in the order of the interface. */
  public List<NodeMessage> oneOfEachMessage() {
    return List.of(
        new NodeMessage.Demand(
            text(),
            random.nextInt(100),
            new PolicyVersion("run", 2, random.nextLong() >>> 1, "0".repeat(64))),
        new NodeMessage.Progress(text(), leaseId(), random.nextLong(), random.nextInt(9)),
        new NodeMessage.GiveBack(text(), leaseId(), oneOf(GiveBackReason.values()), text()),
        new NodeMessage.Grant(text(), lease(), text()),
        new NodeMessage.Cancel(leaseId(), text()),
        new NodeMessage.Score(group(), text()),
        new NodeMessage.Scored(leaseId(), listOf(4, this::score)),
        new NodeMessage.ScoreRefused(leaseId(), text()),
        new NodeMessage.Offer(scoredGroup(), text()),
        new NodeMessage.Accepted(leaseId()),
        new NodeMessage.Busy(leaseId(), duration()),
        new NodeMessage.Discarded(leaseId(), text()),
        new NodeMessage.Announce(weightDelta(), listOf(3, this::text)),
        new NodeMessage.SnapshotWanted(text(), maybe(this::version), text()),
        new NodeMessage.Holds(text(), listOf(3, this::leaseId)),
        new NodeMessage.RunFinished(version()),
        new NodeMessage.WeightsLater(text()));
  }

  public ScoredGroup scoredGroup() {
    CompletionGroup group = group();
    return new ScoredGroup(group, group.completions().stream().map(each -> score()).toList());
  }

  public CompletionGroup group() {
    return new CompletionGroup(
        leaseId(),
        prompt(),
        tokens(random.nextInt(60)),
        listOf(3, this::grid),
        sampling(),
        random.nextLong(),
        Stream.generate(this::completion).limit(1 + random.nextInt(8)).toList(),
        text());
  }

  public StepCommitted step() {
    return new StepCommitted(
        version(), listOf(9, this::groupId), listOf(5, () -> random.nextInt(8)), number());
  }

  public List<LedgerEvent> oneOfEachLedgerEvent() {
    PolicyVersion from = version();
    return List.of(
        new LedgerEvent.RunOpened(text(), random.nextLong(), hash()),
        new LedgerEvent.TermOpened(
            1 + random.nextInt(9), from, List.of(from.step() + 1, from.step() + 2)),
        new LedgerEvent.GroupOpened(groupId(), text()),
        new LedgerEvent.GroupAccepted(
            leaseId(),
            random.nextInt(9),
            random.nextInt(9),
            maybe(() -> new LogPlace(random.nextInt(9), random.nextInt(1 << 30)))),
        new LedgerEvent.GroupReturned(groupId(), text()),
        new LedgerEvent.GroupFiltered(groupId(), text()),
        new LedgerEvent.GroupSetAside(groupId(), text()),
        new LedgerEvent.StepTaken(step(), hash()),
        new LedgerEvent.VersionPublished(version()),
        new LedgerEvent.StepSkipped(random.nextInt(9), text()));
  }

  public LedgerSnapshot ledgerSnapshot() {
    PolicyVersion from = version();
    var settled =
        new LedgerSnapshot.Settled(random.nextInt(99), random.nextInt(99), random.nextInt(99));
    List<LedgerSnapshot.Group> groups =
        List.of(
            new LedgerSnapshot.Group.Waiting(groupId(), Optional.of("rows:7")),
            new LedgerSnapshot.Group.Accepted(
                new LedgerEvent.GroupAccepted(
                    leaseId(), 3, 4, Optional.of(new LogPlace(1, random.nextInt(1 << 30)))),
                Optional.empty()),
            new LedgerSnapshot.Group.Trained(groupId(), 1 + random.nextInt(9)));
    return new LedgerSnapshot(
        new LedgerEvent.RunOpened(text(), random.nextLong(), hash()),
        List.of(new LedgerEvent.TermOpened(1 + random.nextInt(9), from, List.of())),
        List.of(from, version()),
        Optional.of(version()),
        settled.total() + groups.size(),
        settled,
        random.nextInt(9),
        random.nextInt(9),
        1 + random.nextInt(9),
        groups);
  }

  public WeightDelta weightDelta() {
    return new WeightDelta(version(), maybe(this::version), listOf(4, this::shard));
  }

  public RolloutLease lease() {
    return new RolloutLease(
        leaseId(),
        prompt(),
        1 + random.nextInt(16),
        sampling(),
        random.nextLong(),
        random.nextInt(100),
        duration());
  }

  public Prompt prompt() {
    Map<String, String> fields = new LinkedHashMap<>();
    listOf(4, this::text).forEach(key -> fields.put(key, text()));
    return new Prompt(text(), text(), text(), listOf(3, this::image), text(), fields);
  }

  private Completion completion() {
    int length = 1 + random.nextInt(30);
    float[] logProbs = new float[length];
    for (int i = 0; i < length; i++) {
      logProbs[i] = Float.intBitsToFloat(random.nextInt());
    }
    int second = random.nextInt(length);
    List<VersionSpan> spans =
        second == 0
            ? List.of(new VersionSpan(0, version()))
            : List.of(new VersionSpan(0, version()), new VersionSpan(second, version()));
    return new Completion(
        tokens(length), LogProbs.of(logProbs), spans, oneOf(StopReason.values()), text());
  }

  private CompletionScore score() {
    Map<String, RewardOutcome> outcomes = new LinkedHashMap<>();
    for (String name : List.of("iou", "format", "length")) {
      outcomes.put(
          name,
          switch (random.nextInt(3)) {
            case 0 -> new RewardOutcome.Scored(number());
            case 1 -> new RewardOutcome.Failed(text());
            default -> new RewardOutcome.Unscorable(text());
          });
    }
    return new CompletionScore(
        outcomes, random.nextBoolean() ? OptionalDouble.of(number()) : OptionalDouble.empty());
  }

  private SamplingSettings sampling() {
    return new SamplingSettings(
        random.nextInt(4) * 0.5,
        random.nextInt(50),
        1 - random.nextDouble(),
        1 + random.nextInt(99));
  }

  private LeaseId leaseId() {
    return new LeaseId(1 + random.nextInt(9), groupId(), 1 + random.nextInt(5));
  }

  private GroupId groupId() {
    return new GroupId(random.nextLong() >>> 1);
  }

  private PolicyVersion version() {
    return new PolicyVersion(text(), 1 + random.nextInt(3), random.nextInt(3), hash());
  }

  private WeightShard shard() {
    return new WeightShard(text(), hash(), random.nextInt(1 << 30));
  }

  private ImageRef image() {
    return new ImageRef(
        hash(), 1 + random.nextInt(999), 1 + random.nextInt(999), random.nextInt(1 << 20));
  }

  private ImageGrid grid() {
    return new ImageGrid(
        1 + random.nextInt(2), 1 + random.nextInt(40), 1 + random.nextInt(40), OptionalInt.of(14));
  }

  private TokenIds tokens(int length) {
    return TokenIds.of(random.ints(length).toArray());
  }

  private Duration duration() {
    return Duration.ofNanos(random.nextLong() >>> 8);
  }

  private String hash() {
    return "%016x".formatted(random.nextLong()).repeat(4);
  }

  private double number() {
    return random.nextGaussian();
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    LETTERS.codePoints().filter(letter -> random.nextInt(3) == 0).forEach(text::appendCodePoint);
    return text.toString();
  }

  private <T> Optional<T> maybe(Supplier<T> item) {
    return random.nextBoolean() ? Optional.of(item.get()) : Optional.empty();
  }

  private <T> List<T> listOf(int atMost, Supplier<T> item) {
    return Stream.generate(item).limit(random.nextInt(atMost + 1)).toList();
  }

  private <T> T oneOf(T[] values) {
    return values[random.nextInt(values.length)];
  }
}
