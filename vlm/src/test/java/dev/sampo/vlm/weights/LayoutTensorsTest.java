package dev.sampo.vlm.weights;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.vlm.weights.Parameter.Part;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayoutTensorsTest {
  private static final Parameter QUERIES = parameter("q", 4);
  private static final Parameter KEYS = parameter("k", 2);

  /** Two heads, each with two rows of queries and then one of keys. */
  private static final Map<String, StoredSlice> PLACES =
      Map.of(
          "q", new StoredSlice("qk", 2, 3, 0, 2),
          "k", new StoredSlice("qk", 2, 3, 2, 1));

  @TempDir private Path folder;

  @Test
  void parametersThatShareATensorAreInterleavedAndFoundAgain() throws IOException {
    TensorSource q = bytes(4, 1, 2, 3, 4, 5, 6, 7, 8);
    TensorSource k = bytes(2, 10, 20, 30, 40);

    var tensors =
        LayoutTensors.of(
            layout(PLACES), List.of(KEYS, QUERIES), new TreeMap<>(Map.of("q", q, "k", k)));
    CheckpointWriter.write(folder, tensors, 1000);

    try (Checkpoint checkpoint = Checkpoint.open(folder, UnaryOperator.identity())) {
      StoredTensor stored = Objects.requireNonNull(checkpoint.tensors().get("qk"));
      assertThat(stored.shape()).containsExactly(6L, 1L);
      assertThat(stored.bytes().toArray(ValueLayout.JAVA_BYTE))
          .containsExactly(1, 2, 3, 4, 10, 20, 5, 6, 7, 8, 30, 40);
      assertThat(checkpoint.require(new StoredSlice("qk", 2, 3, 2, 1), KEYS).bytes())
          .satisfies(keys ->
              assertThat(keys.toArray(ValueLayout.JAVA_BYTE)).containsExactly(10, 20, 30, 40));
    }
  }

  private static Parameter parameter(String name, long rows) {
    return new Parameter(name, List.of(rows, 1L), Part.DECODER, 1, 0);
  }

  private static WeightLayout layout(Map<String, StoredSlice> places) {
    return new WeightLayout() {
      @Override
      public StoredSlice locate(Parameter parameter) {
        return Objects.requireNonNull(places.get(parameter.name()));
      }

      @Override
      public String storedName(String nameInFile) {
        return nameInFile;
      }

      @Override
      public Set<String> ignored() {
        return Set.of();
      }

      @Override
      public String modulePath(String module) {
        return module;
      }
    };
  }

  private static StoredTensor bytes(long rows, int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return new StoredTensor(ElementType.BF16, List.of(rows, 1L), MemorySegment.ofArray(bytes));
  }
}
