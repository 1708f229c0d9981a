package dev.sampo.protocol.wire;

import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.CompletionScore;
import dev.sampo.protocol.ImageGrid;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RewardOutcome;
import dev.sampo.protocol.ScoredGroup;
import dev.sampo.protocol.StopReason;
import dev.sampo.protocol.VersionSpan;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * Completion groups and their scores. Every span of every completion names a policy version; the
 * group carries each version once and the spans point at it.
 */
final class GroupWires {
  private static final int ABSENT_BOX_PATCH = 14;
  private static final int ORIGINAL_PIXELS = 0;

  private GroupWires() {}

  static CompletionGroupWire toWire(CompletionGroup group) {
    CompletionGroupWire.Builder wire =
        CompletionGroupWire.newBuilder()
            .setLease(LeaseWires.toWire(group.lease()))
            .setPrompt(LeaseWires.toWire(group.prompt()))
            .setPromptTokens(ArrayWires.toWire(group.promptTokens()))
            .setSampling(LeaseWires.toWire(group.sampling()))
            .setSeed(group.seed())
            .setWorker(group.worker());
    group.imageGrids().forEach(grid -> wire.addImageGrids(toWire(grid)));
    List<PolicyVersion> versions =
        group.completions().stream()
            .flatMap(completion -> completion.versions().stream())
            .map(VersionSpan::version)
            .distinct()
            .toList();
    versions.forEach(version -> wire.addVersions(VersionWires.toWire(version)));
    group.completions().forEach(completion -> wire.addCompletions(toWire(completion, versions)));
    return wire.build();
  }

  static CompletionGroup fromWire(CompletionGroupWire wire) {
    Required.part(wire.hasLease(), "lease of the group");
    Required.part(wire.hasPrompt(), "prompt of the group");
    Required.part(wire.hasPromptTokens(), "prompt tokens of the group");
    Required.part(wire.hasSampling(), "sampling of the group");
    List<PolicyVersion> versions =
        wire.getVersionsList().stream().map(VersionWires::fromWire).toList();
    return new CompletionGroup(
        LeaseWires.fromWire(wire.getLease()),
        LeaseWires.fromWire(wire.getPrompt()),
        ArrayWires.tokenIds(wire.getPromptTokens(), "prompt tokens"),
        wire.getImageGridsList().stream().map(GroupWires::fromWire).toList(),
        LeaseWires.fromWire(wire.getSampling()),
        wire.getSeed(),
        wire.getCompletionsList().stream().map(each -> fromWire(each, versions)).toList(),
        wire.getWorker());
  }

  static ScoredGroupWire toWire(ScoredGroup scored) {
    ScoredGroupWire.Builder wire = ScoredGroupWire.newBuilder().setGroup(toWire(scored.group()));
    scored.scores().forEach(score -> wire.addScores(toWire(score)));
    return wire.build();
  }

  static ScoredGroup fromWire(ScoredGroupWire wire) {
    Required.part(wire.hasGroup(), "group of the scores");
    return new ScoredGroup(
        fromWire(wire.getGroup()),
        wire.getScoresList().stream().map(GroupWires::fromWire).toList());
  }

  private static CompletionWire toWire(Completion completion, List<PolicyVersion> versions) {
    CompletionWire.Builder wire =
        CompletionWire.newBuilder()
            .setTokens(ArrayWires.toWire(completion.tokens()))
            .setLogProbs(ArrayWires.toWire(completion.logProbs()))
            .setStop(toWire(completion.stop()))
            .setText(completion.text());
    for (VersionSpan span : completion.versions()) {
      wire.addVersions(
          VersionSpanWire.newBuilder()
              .setFrom(span.from())
              .setVersion(versions.indexOf(span.version())));
    }
    return wire.build();
  }

  private static Completion fromWire(CompletionWire wire, List<PolicyVersion> versions) {
    Required.part(wire.hasTokens(), "tokens of a completion");
    Required.part(wire.hasLogProbs(), "log-probs of a completion");
    return new Completion(
        ArrayWires.tokenIds(wire.getTokens(), "tokens"),
        ArrayWires.logProbs(wire.getLogProbs(), "log-probs"),
        wire.getVersionsList().stream().map(span -> fromWire(span, versions)).toList(),
        fromWire(wire.getStop()),
        wire.getText());
  }

  private static VersionSpan fromWire(VersionSpanWire wire, List<PolicyVersion> versions) {
    if (wire.getVersion() < 0 || wire.getVersion() >= versions.size()) {
      throw new WireFormatException(
          "a span names version " + wire.getVersion() + " of " + versions.size());
    }
    return new VersionSpan(wire.getFrom(), versions.get(wire.getVersion()));
  }

  private static StopReasonWire toWire(StopReason stop) {
    return switch (stop) {
      case END_OF_TURN -> StopReasonWire.END_OF_TURN;
      case LENGTH -> StopReasonWire.LENGTH;
    };
  }

  private static StopReason fromWire(StopReasonWire wire) {
    return switch (wire) {
      case END_OF_TURN -> StopReason.END_OF_TURN;
      case LENGTH -> StopReason.LENGTH;
      case STOP_REASON_UNSPECIFIED, UNRECOGNIZED ->
          throw new WireFormatException("unknown stop reason " + wire);
    };
  }

  static ImageGridWire toWire(ImageGrid grid) {
    ImageGridWire.Builder wire =
        ImageGridWire.newBuilder()
            .setTemporal(grid.temporal())
            .setHeight(grid.height())
            .setWidth(grid.width());
    int boxPatch = grid.boxPatch().orElse(ORIGINAL_PIXELS);
    return boxPatch == ABSENT_BOX_PATCH ? wire.build() : wire.setBoxPatch(boxPatch).build();
  }

  private static ImageGrid fromWire(ImageGridWire wire) {
    int boxPatch = wire.hasBoxPatch() ? wire.getBoxPatch() : ABSENT_BOX_PATCH;
    return new ImageGrid(
        wire.getTemporal(),
        wire.getHeight(),
        wire.getWidth(),
        boxPatch == ORIGINAL_PIXELS ? OptionalInt.empty() : OptionalInt.of(boxPatch));
  }

  static CompletionScoreWire toWire(CompletionScore score) {
    CompletionScoreWire.Builder wire = CompletionScoreWire.newBuilder();
    score.outcomes().forEach((name, outcome) -> wire.addOutcomes(toWire(name, outcome)));
    score.total().ifPresent(wire::setTotal);
    return wire.build();
  }

  static CompletionScore fromWire(CompletionScoreWire wire) {
    Map<String, RewardOutcome> outcomes = new LinkedHashMap<>();
    wire.getOutcomesList().forEach(each -> outcomes.put(each.getName(), fromWire(each)));
    return new CompletionScore(
        outcomes, wire.hasTotal() ? OptionalDouble.of(wire.getTotal()) : OptionalDouble.empty());
  }

  private static RewardOutcomeWire toWire(String name, RewardOutcome outcome) {
    RewardOutcomeWire.Builder wire = RewardOutcomeWire.newBuilder().setName(name);
    return switch (outcome) {
      case RewardOutcome.Scored(double value) -> wire.setScored(value).build();
      case RewardOutcome.Failed(String reason, boolean worksElsewhere) ->
          wire.setFailed(reason).setWorksElsewhere(worksElsewhere).build();
      case RewardOutcome.Unscorable(String reason) -> wire.setUnscorable(reason).build();
    };
  }

  private static RewardOutcome fromWire(RewardOutcomeWire wire) {
    return switch (wire.getOutcomeCase()) {
      case SCORED -> new RewardOutcome.Scored(wire.getScored());
      case FAILED -> new RewardOutcome.Failed(wire.getFailed(), wire.getWorksElsewhere());
      case UNSCORABLE -> new RewardOutcome.Unscorable(wire.getUnscorable());
      case OUTCOME_NOT_SET ->
          throw new WireFormatException("reward " + wire.getName() + " has no outcome");
    };
  }
}
