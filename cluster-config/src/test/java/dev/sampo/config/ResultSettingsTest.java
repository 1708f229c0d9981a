package dev.sampo.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResultSettingsTest {

  private static ResultSettings.Changes replayChanges(String... assignments) {
    return ResultSettings.changes(replayed(), replayed(assignments));
  }

  private static SortedMap<String, String> replayed(String... assignments) {
    return ResultSettings.replayed(config(assignments));
  }

  private static RunConfig config(String... assignments) {
    return RunConfigReader.read(Optional.empty(), List.of(assignments)).settings();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "run.seed=1",
        "run.steps=7",
        "model.freeze=vision-tower",
        "reward.functions=[{name=iou,weight=2.0},{name=rec-format,weight=1.0}]",
        "reward.functions=[{name=iou,weight=1.0}]",
        "learner.objective.kl.beta=0.1",
        "learner.learning-rate=1e-5"
      })
  void whatChangesTheWeightsMakesAnotherReplay(String assignment) {
    assertThat(replayChanges(assignment).decisive()).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "run.folder=elsewhere",
        "run.name=other",
        "checkpoint.every=3",
        "guards.max-skipped=1",
        "reward.timeout=1s",
        "staleness.max=9",
        "sft.learning-rate=1"
      })
  void whereAndHowOftenARunWritesDoesNot(String assignment) {
    ResultSettings.Changes changes = replayChanges(assignment);

    assertThat(changes.decisive()).isEmpty();
    assertThat(changes.rounding()).isEmpty();
  }

  @Test
  void threadsChangeTheOrderOfSumsOnly() {
    ResultSettings.Changes changes = replayChanges("learner.threads=4");

    assertThat(changes.decisive()).isEmpty();
    assertThat(changes.rounding()).containsExactly("learner.threads was 1 and is 4");
  }

  @Test
  void aKeyOfOneSideOnlyIsAChange() {
    ResultSettings.Changes changes =
        ResultSettings.changes(Map.of("a", "1", "b", "2"), Map.of("b", "2", "c", "3"));

    assertThat(changes.decisive())
        .containsExactly("a was 1 and is not given", "c was not given and is 3");
  }

  @Test
  void aLineShowsTheFirstThreeAndCountsTheOthers() {
    Map<String, String> before = Map.of("a", "1", "b", "1", "c", "1", "d", "1", "e", "1");
    Map<String, String> now = Map.of("a", "2", "b", "2", "c", "2", "d", "2", "e", "2");

    assertThat(ResultSettings.changes(before, now).shown())
        .isEqualTo("a was 1 and is 2; b was 1 and is 2; c was 1 and is 2; and 2 more");
  }

  @Test
  void aSupervisedTrainingIsItsPhasesAndNotTheLearner() {
    SortedMap<String, String> before = ResultSettings.supervised(config());

    assertThat(
            ResultSettings.changes(
                    before, ResultSettings.supervised(config("sft.learning-rate=1e-5")))
                .decisive())
        .containsExactly("sft.learning-rate was 0.003 and is 1.0E-5");
    assertThat(
            ResultSettings.changes(
                    before, ResultSettings.supervised(config("learner.learning-rate=1e-5")))
                .decisive())
        .isEmpty();
  }
}
