package dev.sampo.vlm.weights.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.sampo.vlm.ModelException;
import dev.sampo.vlm.weights.WeightArrays;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WeightTransferTest {
  private static final long SMALL = 2410;

  private final NDManager manager = NDManager.newBaseManager();
  @TempDir private Path folder;

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest(name = "shards of {0} bytes")
  @ValueSource(longs = {1, SMALL, 1 << 20})
  void aSnapshotComesBackBitForBit(long shardBytes) throws IOException {
    WeightSnapshot sent = WeightSnapshot.of(weights(1));

    List<ShardFile> shards = new SnapshotEncoder(shardBytes).write(sent, folder);
    WeightSnapshot received = WeightDecoder.snapshot(folder, shards, sent.sha256());
    SortedMap<String, NDArray> model = weights(2);
    received.copyInto(model);

    assertThat(WeightArrays.sha256(model)).isEqualTo(sent.sha256());
    assertThat(shards).hasSize(shardBytes == 1 ? 3 : shardBytes == SMALL ? 2 : 1);
  }

  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3})
  void aDeltaComesBackBitForBit(long seed) throws IOException {
    SortedMap<String, NDArray> model = weights(seed);
    WeightSnapshot base = WeightSnapshot.of(model);
    changeSlightly(model, seed);
    WeightSnapshot target = WeightSnapshot.of(model);

    List<ShardFile> shards = new DeltaEncoder(SMALL).write(base, target, folder);
    WeightSnapshot received = WeightDecoder.delta(base, folder, shards, target.sha256());

    assertThat(received.sha256()).isEqualTo(target.sha256()).isNotEqualTo(base.sha256());
  }

  @Test
  void bitsThatAreNotNumbersSurviveADelta() throws IOException {
    SortedMap<String, NDArray> model = weights(1);
    WeightSnapshot base = WeightSnapshot.of(model);
    float[] odd = {Float.NaN, Float.NEGATIVE_INFINITY, -0f, Float.MIN_VALUE};
    SortedMap<String, NDArray> changed = weights(1);
    changed.put("c", manager.create(odd));
    SortedMap<String, NDArray> start = weights(1);
    start.put("c", manager.create(new float[4]));
    WeightSnapshot from = WeightSnapshot.of(start);
    WeightSnapshot to = WeightSnapshot.of(changed);

    List<ShardFile> shards = new DeltaEncoder(SMALL).write(from, to, folder);

    assertThat(WeightDecoder.delta(from, folder, shards, to.sha256()).sha256())
        .isEqualTo(to.sha256());
    assertThat(base.sha256()).isNotEqualTo(to.sha256());
  }

  @Test
  void smallChangesMakeASmallDelta() throws IOException {
    SortedMap<String, NDArray> model = weights(1);
    WeightSnapshot base = WeightSnapshot.of(model);
    model.values().iterator().next().muli(1.0001f);
    WeightSnapshot target = WeightSnapshot.of(model);

    long delta = size(new DeltaEncoder(1 << 20).write(base, target, folder));
    long snapshot = size(new SnapshotEncoder(1 << 20).write(target, folder));

    assertThat(delta).isLessThan(snapshot * 3 / 4);
  }

  @Test
  void aSnapshotDoesNotChangeWithTheModel() {
    SortedMap<String, NDArray> model = weights(1);
    WeightSnapshot before = WeightSnapshot.of(model);
    byte[] first = bytes(before);

    changeSlightly(model, 1);

    assertThat(bytes(before)).isEqualTo(first);
    assertThat(WeightSnapshot.of(model).sha256()).isNotEqualTo(before.sha256());
  }

  @Test
  void aChangedByteIsNoticed() throws IOException {
    WeightSnapshot sent = WeightSnapshot.of(weights(1));
    List<ShardFile> shards = new SnapshotEncoder(SMALL).write(sent, folder);
    Path broken = folder.resolve(shards.getLast().name());
    byte[] content = Files.readAllBytes(broken);
    content[content.length - 1] ^= 1;
    Files.write(broken, content);

    assertThatThrownBy(() -> WeightDecoder.snapshot(folder, shards, sent.sha256()))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining(broken.toString())
        .hasMessageContaining("SHA-256");
  }

  @Test
  void aDeltaOverTheWrongBaseIsRefused() throws IOException {
    WeightSnapshot base = WeightSnapshot.of(weights(1));
    WeightSnapshot target = WeightSnapshot.of(weights(2));
    WeightSnapshot other = WeightSnapshot.of(weights(3));
    List<ShardFile> shards = new DeltaEncoder(SMALL).write(base, target, folder);

    assertThatThrownBy(() -> WeightDecoder.delta(other, folder, shards, target.sha256()))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("announced was " + target.sha256());
  }

  @Test
  void aSnapshotOfAnotherModelIsRefusedBeforeAnythingIsWritten() {
    SortedMap<String, NDArray> model = weights(1);
    String before = WeightArrays.sha256(model);
    SortedMap<String, NDArray> larger = weights(2);
    larger.put("b", manager.zeros(new Shape(3)));
    WeightSnapshot snapshot = WeightSnapshot.of(larger);

    assertThatThrownBy(() -> snapshot.copyInto(model))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("weight b");
    assertThat(WeightArrays.sha256(model)).isEqualTo(before);
  }

  private SortedMap<String, NDArray> weights(long seed) {
    Random random = new Random(seed);
    SortedMap<String, NDArray> weights = new TreeMap<>();
    weights.put("a", random(random, 20, 30));
    weights.put("b", random(random, 7));
    weights.put("c", random(random, 4));
    return weights;
  }

  private NDArray random(Random random, long... shape) {
    float[] values = new float[(int) new Shape(shape).size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return manager.create(values, new Shape(shape));
  }

  private static void changeSlightly(SortedMap<String, NDArray> weights, long seed) {
    weights.values().forEach(array -> array.muli(1 + 1e-5f * seed));
  }

  private static byte[] bytes(WeightSnapshot snapshot) {
    return snapshot.tensors().values().iterator().next().bytes().toArray(ValueLayout.JAVA_BYTE);
  }

  private static long size(List<ShardFile> shards) {
    return shards.stream().mapToLong(ShardFile::numBytes).sum();
  }
}
