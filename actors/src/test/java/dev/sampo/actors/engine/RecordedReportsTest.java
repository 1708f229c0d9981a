package dev.sampo.actors.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.sampo.actors.report.RunFolder;
import dev.sampo.actors.report.RunReport;
import dev.sampo.actors.run.GroupLedger;
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
    RunConfig config = config();
    GroupLedger groups = new GroupLedger();

    try (RunReport report = new RunReport(new RunFolder(run), Clock.systemUTC(), 2)) {
      RecordedReports.complete(config, run, report, groups, 2);
      assertThat(report.lost(1, 2)).isEmpty();
      RecordedReports.complete(config, run, report, groups, 2);
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

  @Test
  void aDamagedRecordingIsNamedWithTheWayOut() throws IOException {
    copyRecording();
    Path segment = run.resolve("rollouts/segments/000001.seg");
    byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length / 2] ^= 1;
    Files.write(segment, bytes);

    try (RunReport report = new RunReport(new RunFolder(run), Clock.systemUTC(), 2)) {
      assertThatThrownBy(
              () -> RecordedReports.complete(config(), run, report, new GroupLedger(), 2))
          .isInstanceOf(ReplayException.class)
          .hasMessageContaining(segment + " is damaged at byte ")
          .hasMessageContaining("move %s to another place".formatted(run.resolve("rollouts")));
    }
  }

  private static RunConfig config() {
    return RunConfigReader.readText(
            Recording.open(RECORDED).manifest().config(), "recorded", List.of())
        .settings();
  }

  private void copyRecording() throws IOException {
    Path segments = Files.createDirectories(run.resolve("rollouts/segments"));
    Files.copy(RECORDED.resolve("manifest.json"), run.resolve("rollouts/manifest.json"));
    Files.copy(RECORDED.resolve("segments/000001.seg"), segments.resolve("000001.seg"));
  }
}
