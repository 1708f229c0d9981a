package dev.sampo.tasks.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.protocol.GroupId;
import dev.sampo.tasks.DataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptSourceTest {
  private static final int ROWS = 50;

  @TempDir Path folder;
  private DataSet data;

  @BeforeEach
  void writeRows() throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < ROWS; i++) {
      rows.append("{\"conversations\":[{\"value\":\"q%d\"},{\"value\":\"a\"}]}\n".formatted(i));
    }
    rows.insert(rows.indexOf("\n") + 1, "broken\n");
    data = open(Files.writeString(folder.resolve("rows.jsonl"), rows));
  }

  @Test
  void everyEpochVisitsEveryRowOnceInItsOwnOrder() {
    PromptSource source = source(EpochOrder.shuffled(7), DataCursor.START);

    List<String> first = sources(source, data.size());
    List<String> second = sources(source, data.size());

    assertThat(first).doesNotHaveDuplicates().hasSize(ROWS + 1);
    assertThat(second).containsExactlyInAnyOrderElementsOf(first).isNotEqualTo(first);
    assertThat(source.cursor()).isEqualTo(new DataCursor(2, 0));
  }

  @Test
  void theOrderFollowsFromTheSeed() {
    List<String> order = sources(source(EpochOrder.shuffled(7), DataCursor.START), 51);

    assertThat(sources(source(EpochOrder.shuffled(7), DataCursor.START), 51)).isEqualTo(order);
    assertThat(sources(source(EpochOrder.shuffled(8), DataCursor.START), 51)).isNotEqualTo(order);
  }

  /** Pinned: a run that is resumed after an upgrade must see the rows it has not seen. */
  @Test
  void theOrderOfASeedNeverChanges() {
    PromptSource source = source(EpochOrder.shuffled(42), DataCursor.START);

    assertThat(sources(source, 6))
        .containsExactly(
            "rows.jsonl:50",
            "rows.jsonl:30",
            "rows.jsonl:33",
            "rows.jsonl:21",
            "rows.jsonl:23",
            "rows.jsonl:48");
  }

  @Test
  void fileOrderRepeatsTheFile() {
    PromptSource source = source(EpochOrder.ofFiles(), DataCursor.START);

    List<String> twice = sources(source, 2 * data.size());

    assertThat(twice.subList(0, 3)).containsExactly("rows.jsonl:1", "rows.jsonl:2", "rows.jsonl:3");
    assertThat(twice.subList(data.size(), 2 * data.size()))
        .isEqualTo(twice.subList(0, data.size()));
  }

  @Test
  void aSourceThatStartsAtACursorContinuesTheVisits() {
    PromptSource whole = source(EpochOrder.shuffled(7), DataCursor.START);
    List<PromptVisit> visits = visits(whole, 130);

    PromptSource resumed = source(EpochOrder.shuffled(7), visits.get(70).cursor());

    assertThat(visits(resumed, 60)).isEqualTo(visits.subList(70, 130));
  }

  @Test
  void anyVisitIsRepeatedFromItsIdAlone() {
    PromptSource source = source(EpochOrder.shuffled(7), DataCursor.START);
    List<PromptVisit> visits = visits(source, 130);
    DataCursor before = source.cursor();

    assertThat(visits).extracting(visit -> visit.id().value()).startsWith(0L, 1L, 2L);
    for (PromptVisit visit : visits) {
      assertThat(source.visit(visit.id())).isEqualTo(visit);
    }
    assertThat(source.cursor()).isEqualTo(before);
  }

  @Test
  void aBadRowIsVisitedLikeAnyOther() {
    List<PromptVisit> visits = visits(source(EpochOrder.ofFiles(), DataCursor.START), 3);

    assertThat(visits.get(1).row()).isInstanceOf(DataRow.BadRow.class);
    assertThat(visits.get(2).id()).isEqualTo(new GroupId(2));
  }

  @Test
  void anEpochOfWholeStepsLeavesOutTheEndOfItsOrder() {
    PromptSource all = source(EpochOrder.shuffled(7), DataCursor.START);
    List<String> first = sources(all, 51);
    List<String> second = sources(all, 51);

    PromptSource whole = source(EpochOrder.shuffled(7).inWholeSteps(8), DataCursor.START);

    assertThat(whole.epochRows()).isEqualTo(48);
    assertThat(sources(whole, 48)).isEqualTo(first.subList(0, 48));
    assertThat(sources(whole, 48)).isEqualTo(second.subList(0, 48));
    assertThat(whole.visit(new GroupId(49)).cursor()).isEqualTo(new DataCursor(1, 1));
  }

  @Test
  void aDataSetWithoutOneWholeStepIsRefused() {
    assertThatThrownBy(() -> source(EpochOrder.ofFiles().inWholeSteps(52), DataCursor.START))
        .isInstanceOf(DataException.class)
        .hasMessage("data.drop-last leaves no row: there are 51 and a step takes 52");
  }

  @Test
  void aPositionThatTheDataDoesNotHaveIsRefused() {
    assertThatThrownBy(() -> source(EpochOrder.ofFiles(), new DataCursor(0, 51)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("an epoch of 51 rows has no position 51");
  }

  private PromptSource source(EpochOrder order, DataCursor start) {
    return new PromptSource(data, order, start);
  }

  private DataSet open(Path file) {
    return DataSet.open(
        List.of(new DataFile(file, folder)),
        "qa",
        QuestionTemplate.forTask("qa"),
        new ImageFiles());
  }

  private static List<PromptVisit> visits(PromptSource source, int count) {
    List<PromptVisit> visits = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      visits.add(source.next());
    }
    return visits;
  }

  private static List<String> sources(PromptSource source, int count) {
    return visits(source, count).stream()
        .map(visit -> visit.row().source())
        .map(where -> where.substring(where.lastIndexOf('/') + 1))
        .toList();
  }
}
