package dev.sampo.simulation;

import dev.sampo.actors.pipeline.Generator;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.LogProbs;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.StopReason;
import dev.sampo.protocol.TokenIds;
import dev.sampo.protocol.VersionSpan;
import dev.sampo.protocol.WeightDelta;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Samples tokens without a model. How long a completion gets depends on the group's seed alone; a
 * few are very long. It notes the version of every token.
 */
final class FakeEngine implements Generator {
  private static final PolicyVersion NONE = new PolicyVersion("none", 1, 0, "none");

  private static final class Row {
    private final int length;
    private final List<VersionSpan> spans = new ArrayList<>();
    private int tokens;

    Row(int length) {
      this.length = length;
    }

    void sample(PolicyVersion version) {
      if (tokens == length) {
        return;
      }
      if (spans.isEmpty() || !spans.getLast().version().equals(version)) {
        spans.add(new VersionSpan(tokens, version));
      }
      tokens++;
    }

    Completion finished() {
      return new Completion(
          TokenIds.of(new int[length]),
          LogProbs.of(new float[length]),
          spans,
          StopReason.END_OF_TURN,
          "");
    }
  }

  private record Group(RolloutLease lease, List<Row> rows) {
    boolean isFinished() {
      return rows.stream().allMatch(row -> row.tokens == row.length);
    }

    Progress progress(PolicyVersion present) {
      long tokens = rows.stream().mapToLong(row -> row.tokens).sum();
      long oldest =
          rows.stream()
              .flatMap(row -> row.spans.stream())
              .mapToLong(span -> span.version().step())
              .min()
              .orElse(present.step());
      return new Progress(tokens, oldest);
    }
  }

  private final String name;
  private final int slots;
  private final Checker checker;
  private final Map<LeaseId, Group> groups = new LinkedHashMap<>();
  private Optional<PolicyVersion> version = Optional.empty();
  private boolean stuck;

  FakeEngine(String name, int slots, Checker checker) {
    this.name = name;
    this.slots = slots;
    this.checker = checker;
  }

  /** Tokens that the longest completion of a group with this seed gets. */
  static int longest(long seed, int numCompletions) {
    int longest = 0;
    for (int i = 0; i < numCompletions; i++) {
      longest = Math.max(longest, length(seed, i));
    }
    return longest;
  }

  private static int length(long seed, int completion) {
    SplittableRandom random = new SplittableRandom(seed + 31L * completion);
    int length = 1 + random.nextInt(8);
    return random.nextInt(12) == 0 ? length * 12 : length;
  }

  /** From now on it samples nothing, or goes on. */
  void stick(boolean now) {
    stuck = now;
  }

  @Override
  public int numSlots() {
    return slots;
  }

  @Override
  public Optional<PolicyVersion> version() {
    return version;
  }

  @Override
  public Runnable prepareGroup(RolloutLease lease, List<byte[]> images) {
    if (lease.prompt().text().equals("unaskable")) {
      throw new IllegalArgumentException("the prompt cannot be asked");
    }
    return () -> {
      if (groups.size() == slots) {
        throw new IllegalStateException("no slot is free");
      }
      checker.started(lease, version.orElse(NONE));
      List<Row> rows = new ArrayList<>();
      for (int i = 0; i < lease.numCompletions(); i++) {
        rows.add(new Row(length(lease.seed(), i)));
      }
      groups.put(lease.id(), new Group(lease, rows));
    };
  }

  @Override
  public List<CompletionGroup> decode() {
    List<CompletionGroup> finished = new ArrayList<>();
    if (stuck) {
      return finished;
    }
    for (Group group : List.copyOf(groups.values())) {
      group.rows.forEach(row -> row.sample(version.orElseThrow()));
      if (group.isFinished()) {
        groups.remove(group.lease.id());
        finished.add(completionsOf(group));
      }
    }
    return finished;
  }

  private CompletionGroup completionsOf(Group group) {
    RolloutLease lease = group.lease;
    return new CompletionGroup(
        lease.id(),
        lease.prompt(),
        TokenIds.of(1),
        List.of(),
        lease.sampling(),
        lease.seed(),
        group.rows.stream().map(Row::finished).toList(),
        name);
  }

  @Override
  public void cancel(LeaseId lease) {
    groups.remove(lease);
  }

  @Override
  public Map<LeaseId, Progress> running() {
    Map<LeaseId, Progress> all = new LinkedHashMap<>();
    groups.forEach((lease, group) -> all.put(lease, group.progress(version.orElse(NONE))));
    return all;
  }

  @Override
  public Runnable prepareWeights(WeightDelta delta, Path folder) {
    if (!delta.isSnapshot() && !delta.base().equals(version)) {
      throw new IllegalArgumentException(
          "a difference to " + delta.base() + " does not fit " + version);
    }
    return () -> {
      checker.installed(name, delta.version());
      version = Optional.of(delta.version());
    };
  }

  @Override
  public void close() {
    groups.clear();
  }
}
