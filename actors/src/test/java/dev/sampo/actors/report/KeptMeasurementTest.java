package dev.sampo.actors.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sampo.actors.evaluation.Answered;
import dev.sampo.actors.evaluation.SplitResult;
import dev.sampo.protocol.Prompt;
import dev.sampo.tasks.data.ImageFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptMeasurementTest {
  @TempDir private Path folder;
  private RunFolder run;
  private final Map<String, SplitResult> found = new TreeMap<>();
  private final Map<String, List<Prompt>> questions = new TreeMap<>();

  @BeforeEach
  void measure() {
    run = new RunFolder(folder);
    ReportFixtures.comparison(
            folder.resolve("data"),
            new ImageFiles(),
            ReportFixtures::inTheWrongConvention,
            ReportFixtures::nearly)
        .splits()
        .forEach((name, both) -> {
          found.put(name, both.before());
          questions.put(name, both.before().answers().stream().map(Answered::prompt).toList());
        });
    kept("seed 1").write(found);
  }

  private KeptMeasurement kept(String conditions) {
    return new KeptMeasurement(run, questions, conditions);
  }

  @Test
  void itIsReadAsItWasFound() {
    assertThat(kept("seed 1").read()).contains(found);
  }

  @Test
  void otherConditionsOrQuestionsAskForAnotherOne() {
    assertThat(kept("seed 2").read()).isEmpty();

    questions.merge("id", List.of(), (asked, none) -> asked.subList(1, asked.size()));

    assertThat(kept("seed 1").read()).isEmpty();
  }

  @Test
  void aDamagedOrMissingFileAsksForAnotherOne() throws IOException {
    Files.writeString(run.before(), Files.readString(run.before()).substring(0, 1000));
    assertThat(kept("seed 1").read()).isEmpty();

    Files.delete(run.before());

    assertThat(kept("seed 1").read()).isEmpty();
  }
}
