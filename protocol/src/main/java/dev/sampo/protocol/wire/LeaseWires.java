package dev.sampo.protocol.wire;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.SamplingSettings;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/** Prompts and leases. */
final class LeaseWires {
  private LeaseWires() {}

  static LeaseIdWire toWire(LeaseId id) {
    return LeaseIdWire.newBuilder()
        .setTerm(id.term())
        .setGroup(id.group().value())
        .setAttempt(id.attempt())
        .build();
  }

  static LeaseId fromWire(LeaseIdWire wire) {
    return new LeaseId(wire.getTerm(), new GroupId(wire.getGroup()), wire.getAttempt());
  }

  static PromptWire toWire(Prompt prompt) {
    PromptWire.Builder wire =
        PromptWire.newBuilder()
            .setSource(prompt.source())
            .setTask(prompt.task())
            .setText(prompt.text())
            .setSolution(prompt.solution());
    prompt.images().forEach(image -> wire.addImages(toWire(image)));
    prompt
        .fields()
        .forEach(
            (key, value) -> wire.addFields(EntryWire.newBuilder().setKey(key).setValue(value)));
    return wire.build();
  }

  static Prompt fromWire(PromptWire wire) {
    Map<String, String> fields = new TreeMap<>();
    wire.getFieldsList().forEach(entry -> fields.put(entry.getKey(), entry.getValue()));
    return new Prompt(
        wire.getSource(),
        wire.getTask(),
        wire.getText(),
        wire.getImagesList().stream().map(LeaseWires::fromWire).toList(),
        wire.getSolution(),
        fields);
  }

  static SamplingSettingsWire toWire(SamplingSettings sampling) {
    return SamplingSettingsWire.newBuilder()
        .setTemperature(sampling.temperature())
        .setTopK(sampling.topK())
        .setTopP(sampling.topP())
        .setMaxTokens(sampling.maxTokens())
        .build();
  }

  static SamplingSettings fromWire(SamplingSettingsWire wire) {
    return new SamplingSettings(
        wire.getTemperature(), wire.getTopK(), wire.getTopP(), wire.getMaxTokens());
  }

  static RolloutLeaseWire toWire(RolloutLease lease) {
    return RolloutLeaseWire.newBuilder()
        .setId(toWire(lease.id()))
        .setPrompt(toWire(lease.prompt()))
        .setNumCompletions(lease.numCompletions())
        .setSampling(toWire(lease.sampling()))
        .setSeed(lease.seed())
        .setMinimumStep(lease.minimumStep())
        .setPatienceNanos(lease.patience().toNanos())
        .build();
  }

  static RolloutLease fromWire(RolloutLeaseWire wire) {
    Required.part(wire.hasId(), "id of the lease");
    Required.part(wire.hasPrompt(), "prompt of the lease");
    Required.part(wire.hasSampling(), "sampling of the lease");
    return new RolloutLease(
        fromWire(wire.getId()),
        fromWire(wire.getPrompt()),
        wire.getNumCompletions(),
        fromWire(wire.getSampling()),
        wire.getSeed(),
        wire.getMinimumStep(),
        Duration.ofNanos(wire.getPatienceNanos()));
  }

  private static ImageRefWire toWire(ImageRef image) {
    return ImageRefWire.newBuilder()
        .setSha256(image.sha256())
        .setWidth(image.width())
        .setHeight(image.height())
        .setNumBytes(image.numBytes())
        .build();
  }

  private static ImageRef fromWire(ImageRefWire wire) {
    return new ImageRef(wire.getSha256(), wire.getWidth(), wire.getHeight(), wire.getNumBytes());
  }
}
