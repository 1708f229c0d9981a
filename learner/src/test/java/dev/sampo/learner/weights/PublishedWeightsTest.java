package dev.sampo.learner.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.vlm.weights.transfer.ShardFile;
import dev.sampo.vlm.weights.transfer.WeightDecoder;
import dev.sampo.vlm.weights.transfer.WeightSnapshot;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublishedWeightsTest {
  private final NDManager manager = NDManager.newBaseManager();
  @TempDir private Path folder;

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void followersReachEveryVersionThroughDeltasAndLateJoinersThroughASnapshot() {
    PublishedWeights published = new PublishedWeights(folder, 1000, 3);
    WeightSnapshot first = weights(1);
    WeightDelta start = published.publish(version(0, first), first);
    WeightSnapshot follower = read(published, start);
    WeightSnapshot last = first;

    for (int step = 1; step <= 4; step++) {
      last = weights(1 + step * 1e-4f);
      WeightDelta delta = published.publish(version(step, last), last);
      assertThat(delta.base().map(PolicyVersion::step)).contains(step - 1L);
      follower =
          WeightDecoder.delta(
              follower,
              published.folder(delta.version()),
              files(delta),
              delta.version().weightsHash());
    }
    WeightDelta snapshot = published.snapshot();

    assertThat(start.isSnapshot()).isTrue();
    assertThat(follower.sha256()).isEqualTo(last.sha256());
    assertThat(snapshot.isSnapshot()).isTrue();
    assertThat(read(published, snapshot).sha256()).isEqualTo(last.sha256());
    assertThat(published.snapshot()).isSameAs(snapshot);
  }

  @Test
  void onlyTheNewestVersionsStayOnDisk() {
    PublishedWeights published = new PublishedWeights(folder, 1000, 2);
    for (int step = 0; step < 4; step++) {
      WeightSnapshot weights = weights(step);
      published.publish(version(step, weights), weights);
    }

    assertThat(folder.toFile().list())
        .containsExactlyInAnyOrder("term-1-step-000002", "term-1-step-000003");
  }

  @Test
  void announcedSizesAreThoseOfTheFiles() throws Exception {
    PublishedWeights published = new PublishedWeights(folder, 1, 2);
    WeightSnapshot weights = weights(1);

    WeightDelta delta = published.publish(version(0, weights), weights);

    assertThat(delta.shards()).hasSize(2);
    for (var shard : delta.shards()) {
      assertThat(Files.size(published.folder(delta.version()).resolve(shard.name())))
          .isEqualTo(shard.numBytes());
    }
  }

  @Test
  void aVersionMustCarryTheHashOfItsWeights() {
    PublishedWeights published = new PublishedWeights(folder, 1, 2);

    assertThatThrownBy(() -> published.publish(version(0, weights(1)), weights(2)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static WeightSnapshot read(PublishedWeights published, WeightDelta snapshot) {
    return WeightDecoder.snapshot(
        published.folder(snapshot.version()), files(snapshot), snapshot.version().weightsHash());
  }

  private static List<ShardFile> files(WeightDelta delta) {
    return delta.shards().stream()
        .map(s -> new ShardFile(s.name(), s.sha256(), s.numBytes()))
        .toList();
  }

  private static PolicyVersion version(long step, WeightSnapshot weights) {
    return new PolicyVersion("run", 1, step, weights.sha256());
  }

  private WeightSnapshot weights(float scale) {
    SortedMap<String, NDArray> weights = new TreeMap<>();
    weights.put("a", manager.arange(600f).mul(scale).reshape(new Shape(20, 30)));
    weights.put("b", manager.ones(new Shape(5)).mul(scale));
    return WeightSnapshot.of(weights);
  }
}
