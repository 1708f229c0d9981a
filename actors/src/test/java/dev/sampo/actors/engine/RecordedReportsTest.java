package dev.sampo.actors.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.actors.report.RunReport;
import dev.sampo.config.RunConfig;
import dev.sampo.config.RunConfigReader;
import dev.sampo.protocol.log.Recording;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run of three recorded steps that died before the last ones were reported. */
final class RecordedReportsTest {
  private static final Path RECORDED = Path.of("../tests/recordings/small");
  private static final JsonMapper JSON = JsonMapper.builder().build();

  @TempDir private Path run;

  @Test
  void whatTheRecordingKnowsOfUnreportedStepsIsReported() throws IOException {
    copyRecording();
    List<String> lines = Files.readAllLines(RECORDED.resolve("metrics.jsonl"));
    Files.write(run.resolve("metrics.jsonl"), lines.subList(0, 1));
    RunConfig config =
        RunConfigReader.readText(
                Recording.open(RECORDED).manifest().config(), "recorded", List.of())
            .settings();

    try (RunReport report = new RunReport(new RunFolder(run), Clock.systemUTC(), 2)) {
      RecordedReports.complete(config, run, report, 2);
      assertThat(report.lost(1, 2)).isEmpty();
      RecordedReports.complete(config, run, report, 2);
    }

    List<String> written = Files.readAllLines(run.resolve("metrics.jsonl"));
    assertThat(written).hasSize(2).startsWith(lines.getFirst());
    JsonNode expected = JSON.readTree(lines.get(1));
    JsonNode actual = JSON.readTree(written.get(1));
    for (String metric :
        List.of("step", "reward", "rewards/iou/mean", "num_sampled_tokens", "reward_std")) {
      assertThat(actual.get(metric)).as(metric).isEqualTo(expected.get(metric));
    }
  }

  private void copyRecording() throws IOException {
    Path segments = Files.createDirectories(run.resolve("rollouts/segments"));
    Files.copy(RECORDED.resolve("manifest.json"), run.resolve("rollouts/manifest.json"));
    Files.copy(RECORDED.resolve("segments/000001.seg"), segments.resolve("000001.seg"));
  }
}
