package dev.sampo.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class LoadMemoryTest {
  private static final long ALLOWED_BYTES = 64 << 20;

  @TempDir private Path folder;

  /** Not a second copy of the model, nor of its largest tensor, nor the pages of its files. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void loadingTakesLittleMoreMemoryThanTheModel() throws IOException, InterruptedException {
    ObjectNode config = SyntheticCheckpoint.config();
    config.put("num_hidden_layers", 4).put("hidden_size", 512).put("num_attention_heads", 4);
    config.put("vocab_size", 151936).put("intermediate_size", 2048);
    config
        .withObject("vision_config")
        .put("out_hidden_size", 512)
        .put("depth", 4)
        .putArray("fullatt_block_indexes")
        .add(3);
    long bytes = SyntheticCheckpoint.write(folder, config, 100_000_000);

    LoadBenchmark.Load load = LoadBenchmark.inOwnProcess(folder);

    assertThat(load.modelBytes()).isEqualTo(bytes).isGreaterThan(200_000_000);
    assertThat(load.peakBytes() - load.bytesBefore()).isLessThan(bytes + ALLOWED_BYTES);
  }
}
