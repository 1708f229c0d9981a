package dev.sampo.vlm.weights;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckpointWriterTest {
  private static final String INDEX = "model.safetensors.index.json";

  @TempDir private Path folder;

  @Test
  void filesHoldAtMostTheirLimitAndTheIndexNamesEveryTensor() throws IOException {
    CheckpointWriter.write(folder, tensors(7, 1), 300);

    assertThat(files())
        .containsExactly(
            "model-00001-of-00003.safetensors",
            "model-00002-of-00003.safetensors",
            "model-00003-of-00003.safetensors",
            INDEX);
    CheckpointIndex index = CheckpointIndex.read(folder);
    assertThat(index.numBytes()).isEqualTo(700);
    assertThat(index.numParameters()).isEqualTo(175);
    assertThat(index.files())
        .hasSize(7)
        .containsEntry("t2", "model-00001-of-00003.safetensors")
        .containsEntry("t3", "model-00002-of-00003.safetensors")
        .containsEntry("t6", "model-00003-of-00003.safetensors");
    assertThat(generationIn(folder, 7)).isEqualTo(1);
  }

  @Test
  void aTensorLargerThanTheLimitHasAFileOfItsOwn() throws IOException {
    CheckpointWriter.write(folder, tensors(2, 1), 50);

    assertThat(files()).hasSize(3);
    assertThat(generationIn(folder, 2)).isEqualTo(1);
  }

  @Test
  void otherFilesOfTheFolderStay() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{}");
    Files.writeString(folder.resolve("adapter_model.safetensors"), "");
    CheckpointWriter.write(folder, tensors(4, 1), 100);

    CheckpointWriter.write(folder, tensors(4, 2), 1000);

    assertThat(files())
        .containsExactly("adapter_model.safetensors", "config.json", "model.safetensors");
  }

  @Test
  void nothingToWriteIsRefused() {
    assertThatThrownBy(() -> CheckpointWriter.write(folder, new TreeMap<>(), 10))
        .hasMessage(
            "a checkpoint needs tensors and at least 1 byte a file, got 0 tensors and 10 bytes");
  }

  /** Crashes after each change that a save makes to the disk; limits in bytes of a file. */
  @ParameterizedTest
  @CsvSource({
    "1000, 1000, false",
    "1000, 200, false",
    "200, 1000, false",
    "200, 200, false",
    "200, 100, false",
    "200, 200, true"
  })
  void aCrashLeavesTheOldWeightsOrTheNew(long oldLimit, long newLimit, boolean linksFail)
      throws IOException {
    int changes = 0;
    boolean isDone = false;
    while (!isDone) {
      Path model = Files.createDirectory(folder.resolve("after-" + changes));
      CheckpointWriter.write(model, tensors(4, 1), oldLimit);

      isDone = save(new CrashingFileSystem(changes, linksFail).path(model), 2, newLimit);

      int generation = generationIn(model, 4);
      assertThat(generation).isBetween(isDone ? 2 : 1, 2);
      assertNextSaveCrashesAsWell(model, generation, changes % 4, newLimit, linksFail);
      CheckpointWriter.write(model, tensors(4, 4), newLimit);
      assertThat(generationIn(model, 4)).isEqualTo(4);
      assertThat(numFiles(model)).isEqualTo(newLimit >= 400 ? 1 : (int) (400 / newLimit) + 1);
      changes++;
    }
    assertThat(changes).isGreaterThan(3);
  }

  /** The next save finds what the crash left, and crashes too. */
  private static void assertNextSaveCrashesAsWell(
      Path model, int before, int first, long limit, boolean linksFail) throws IOException {
    for (int changes = first; changes < 40; changes += 4) {
      boolean isDone = save(new CrashingFileSystem(changes, linksFail).path(model), 3, limit);
      assertThat(generationIn(model, 4)).isIn(before, 3);
      if (isDone) {
        return;
      }
    }
    throw new AssertionError("a save makes fewer changes than that");
  }

  private static boolean save(Path model, int generation, long limit) {
    try {
      CheckpointWriter.write(model, tensors(4, generation), limit);
      return true;
    } catch (IOException e) {
      assertThat(e).hasMessage("crashed");
      return false;
    }
  }

  /** Tensors t0, t1, ... of 25 floats that all say which save they are from. */
  private static SortedMap<String, TensorSource> tensors(int count, int generation) {
    var tensors = new TreeMap<String, TensorSource>();
    for (int i = 0; i < count; i++) {
      float[] values = new float[25];
      Arrays.fill(values, generation);
      byte[] bytes = new byte[100];
      MemorySegment.ofArray(bytes).copyFrom(MemorySegment.ofArray(values));
      tensors.put(
          "t" + i, new StoredTensor(ElementType.F32, List.of(25L), MemorySegment.ofArray(bytes)));
    }
    return tensors;
  }

  /** Which save the folder holds, all of it. */
  private static int generationIn(Path model, int count) {
    try (Checkpoint checkpoint = Checkpoint.open(model, UnaryOperator.identity())) {
      assertThat(checkpoint.tensors().keySet())
          .containsExactlyElementsOf(IntStream.range(0, count).mapToObj(i -> "t" + i).toList());
      List<Float> values =
          checkpoint.tensors().values().stream()
              .flatMap(tensor -> bytes(requireNonNull(tensor)))
              .distinct()
              .toList();
      assertThat(values).hasSize(1);
      return values.getFirst().intValue();
    }
  }

  private static Stream<Float> bytes(StoredTensor tensor) {
    return IntStream.range(0, 25)
        .mapToObj(i -> tensor.bytes().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i));
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static int numFiles(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return (int) files.count();
    }
  }
}
