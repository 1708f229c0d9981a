package dev.sampo.vlm.lora;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.vlm.weights.CrashingFileSystem;
import dev.sampo.vlm.weights.Parameter.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a folder holds when saving adapters into it is cut short. */
class AdapterFilesTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final LinearModule MODULE =
      new LinearModule(
          "model.q_proj", "q_proj", "q_proj.weight", Part.DECODER, 3, 2, false, Optional.empty());

  private final NDManager scope = NDManager.newBaseManager("PyTorch");
  @TempDir private Path temp;

  @AfterEach
  void close() {
    scope.close();
  }

  /** Crashes after each change that a save makes to the disk, and the next save as well. */
  @Test
  void aCrashLeavesTheOldAdaptersOrTheNew() throws IOException {
    int changes = 0;
    boolean isDone = false;
    while (!isDone) {
      for (int again = 0; again < 20; again++) {
        Path folder = Files.createDirectory(temp.resolve("after-%d-%d".formatted(changes, again)));
        adapter(1).save(folder, "base");

        isDone = save(2, new CrashingFileSystem(changes, false).path(folder));
        int kept = saved(folder);
        assertThat(kept).isBetween(isDone ? 2 : 1, 2);
        boolean isDoneAgain = save(3, new CrashingFileSystem(again, false).path(folder));
        assertThat(saved(folder)).isIn(isDoneAgain ? 3 : kept, 3);

        adapter(4).save(folder, "base");
        assertThat(saved(folder)).isEqualTo(4);
        assertThat(folder.toFile().list())
            .containsExactlyInAnyOrder("adapter_config.json", "adapter_model.safetensors");
      }
      changes++;
    }
    assertThat(changes).isGreaterThan(5);
  }

  @Test
  void aFolderThatHeldNoAdaptersHoldsNoneOrTheNew() throws IOException {
    boolean isDone = false;
    for (int changes = 0; !isDone; changes++) {
      Path folder = Files.createDirectory(temp.resolve("after-" + changes));

      isDone = save(2, new CrashingFileSystem(changes, false).path(folder));

      boolean holdsAdapters = LoraAdapter.configFile(folder).isPresent();
      assertThat(holdsAdapters || !isDone).isTrue();
      if (holdsAdapters) {
        assertThat(saved(folder)).isEqualTo(2);
      }
    }
  }

  private static boolean save(int generation, Path folder) {
    try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
      adapter(generation, scope).save(folder, "base");
      return true;
    } catch (IOException e) {
      assertThat(e).hasMessage("crashed");
      return false;
    }
  }

  private LoraAdapter adapter(int generation) {
    return adapter(generation, scope);
  }

  /** Adapters whose rank, alpha and matrices all say which save they are from. */
  private static LoraAdapter adapter(int generation, NDManager scope) {
    var settings = new LoraSettings(generation, 10.0 * generation * generation, 0, List.of());
    LoraAdapter adapter = LoraAdapter.initialize(settings, List.of(MODULE), 1, scope);
    for (NDArray matrix : adapter.parameters().values()) {
      var values = new float[(int) matrix.size()];
      Arrays.fill(values, generation);
      matrix.set(values);
    }
    return adapter;
  }

  /** Which save the folder holds, all of it; so does what PEFT would find. */
  private int saved(Path folder) throws IOException {
    var base = new TreeMap<String, NDArray>();
    base.put("q_proj.weight", scope.ones(new Shape(3, 2)));
    AdaptedModule module =
        LoraAdapter.load(folder, List.of(MODULE), base, scope).modules().getFirst();
    int generation = (int) (module.scale() / 10);
    assertThat(module.a().toFloatArray()).hasSize(2 * generation).containsOnly(generation);
    assertThat(module.b().toFloatArray()).hasSize(3 * generation).containsOnly(generation);
    Path config = folder.resolve("adapter_config.json");
    if (Files.exists(config)) {
      assertThat(JSON.readTree(config.toFile()).path("r").asInt()).isEqualTo(generation);
    }
    return generation;
  }
}
