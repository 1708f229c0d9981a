package dev.sampo.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.protocol.WeightShard;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.weights.transfer.DeltaEncoder;
import dev.sampo.vlm.weights.transfer.ShardFile;
import dev.sampo.vlm.weights.transfer.SnapshotEncoder;
import dev.sampo.vlm.weights.transfer.WeightSnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A worker's model follows the versions that another model, the learner's, goes through. */
class WeightInstallerTest {
  @TempDir Path folder;

  private final ShippedModel learner = ShippedModel.load();
  private final ShippedModel worker = ShippedModel.load();
  private final PolicyVersion initial =
      new PolicyVersion("run", 1, 0, WeightSnapshot.of(learner.model().parameters()).sha256());
  private final GenerationEngine engine = engine(worker, initial);
  private final WeightInstaller installer =
      new WeightInstaller(engine, WeightSnapshot.of(worker.model().parameters()));

  @AfterEach
  void close() {
    engine.close();
    worker.close();
    learner.close();
  }

  @Test
  void deltasAndSnapshotsMakeTheWorkerGenerateAsTheLearnerDoes() throws IOException {
    WeightDelta first = delta(1, initial);
    installer.install(installer.prepare(first, folder));
    WeightDelta second = delta(2, first.version());
    installer.install(installer.prepare(second, folder));

    assertThat(engine.version()).isEqualTo(second.version());
    assertThat(generate(engine)).isEqualTo(generateWithLearner(second.version()));

    changeLearner();
    WeightDelta third = snapshot(9);
    installer.install(installer.prepare(third, folder));

    assertThat(engine.version()).isEqualTo(third.version());
    assertThat(generate(engine)).isEqualTo(generateWithLearner(third.version()));
  }

  @Test
  void damagedShardLeavesTheOldVersionServing() throws IOException {
    CompletionGroup before = generate(engine);
    WeightDelta update = delta(1, initial);
    Path shard = folder.resolve(update.shards().getFirst().name());
    byte[] bytes = Files.readAllBytes(shard);
    bytes[bytes.length / 2] ^= 4;
    Files.write(shard, bytes);

    assertThatThrownBy(() -> installer.prepare(update, folder))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("SHA-256");

    assertThat(engine.version()).isEqualTo(initial);
    assertThat(generate(engine)).isEqualTo(before);
  }

  @Test
  void deltaAfterAGapIsRefused() throws IOException {
    WeightDelta first = delta(1, initial);
    WeightDelta second = delta(2, first.version());

    assertThatThrownBy(() -> installer.prepare(second, folder))
        .isInstanceOf(ModelException.class)
        .hasMessage("the delta to step 2 starts from step 1, installed is step 0");
  }

  /** Changes the learner's weights a little and writes what changed. */
  private WeightDelta delta(long step, PolicyVersion base) throws IOException {
    WeightSnapshot from = WeightSnapshot.of(learner.model().parameters());
    changeLearner();
    WeightSnapshot to = WeightSnapshot.of(learner.model().parameters());
    return announce(step, Optional.of(base), to, new DeltaEncoder(1 << 18).write(from, to, folder));
  }

  private WeightDelta snapshot(long step) throws IOException {
    WeightSnapshot weights = WeightSnapshot.of(learner.model().parameters());
    return announce(
        step, Optional.empty(), weights, new SnapshotEncoder(1 << 18).write(weights, folder));
  }

  private static WeightDelta announce(
      long step, Optional<PolicyVersion> base, WeightSnapshot weights, List<ShardFile> files) {
    return new WeightDelta(
        new PolicyVersion("run", 1, step, weights.sha256()),
        base,
        files.stream()
            .map(file -> new WeightShard(file.name(), file.sha256(), file.numBytes()))
            .toList());
  }

  private void changeLearner() {
    for (NDArray array : learner.model().parameters().values()) {
      array.muli(1.1f);
    }
  }

  private CompletionGroup generateWithLearner(PolicyVersion version) {
    try (GenerationEngine engine = engine(learner, version)) {
      return generate(engine);
    }
  }

  private CompletionGroup generate(GenerationEngine engine) {
    SamplingSettings sampling = SamplingSettings.atTemperature(1, 8);
    engine.admit(learner.lease(1, 4, sampling), learner.prompt(1));
    List<CompletionGroup> groups = new ArrayList<>();
    while (!engine.isIdle()) {
      groups.addAll(engine.step());
    }
    return groups.getFirst();
  }

  private static GenerationEngine engine(ShippedModel shipped, PolicyVersion version) {
    return new GenerationEngine(
        shipped.model(),
        shipped.answers(),
        new RolloutSettings(4, 1, 64, 1000, 1, false),
        8,
        version,
        "tester");
  }
}
