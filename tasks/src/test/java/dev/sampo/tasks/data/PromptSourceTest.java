package dev.sampo.tasks.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.protocol.GroupId;
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
    PromptSource source = source(PromptSource.Order.SHUFFLED, 7, DataCursor.START);

    List<String> first = sources(source, data.size());
    List<String> second = sources(source, data.size());

    assertThat(first).doesNotHaveDuplicates().hasSize(ROWS + 1);
    assertThat(second).containsExactlyInAnyOrderElementsOf(first).isNotEqualTo(first);
    assertThat(source.cursor()).isEqualTo(new DataCursor(2, 0));
  }

  @Test
  void theOrderFollowsFromTheSeed() {
    List<String> order = sources(source(PromptSource.Order.SHUFFLED, 7, DataCursor.START), 51);

    assertThat(sources(source(PromptSource.Order.SHUFFLED, 7, DataCursor.START), 51))
        .isEqualTo(order);
    assertThat(sources(source(PromptSource.Order.SHUFFLED, 8, DataCursor.START), 51))
        .isNotEqualTo(order);
  }

  /** Pinned: a run that is resumed after an upgrade must see the rows it has not seen. */
  @Test
  void theOrderOfASeedNeverChanges() {
    PromptSource source = source(PromptSource.Order.SHUFFLED, 42, DataCursor.START);

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
    PromptSource source = source(PromptSource.Order.FILE, 7, DataCursor.START);

    List<String> twice = sources(source, 2 * data.size());

    assertThat(twice.subList(0, 3)).containsExactly("rows.jsonl:1", "rows.jsonl:2", "rows.jsonl:3");
    assertThat(twice.subList(data.size(), 2 * data.size()))
        .isEqualTo(twice.subList(0, data.size()));
  }

  @Test
  void aSourceThatStartsAtACursorContinuesTheVisits() {
    PromptSource whole = source(PromptSource.Order.SHUFFLED, 7, DataCursor.START);
    List<PromptVisit> visits = visits(whole, 130);

    PromptSource resumed = source(PromptSource.Order.SHUFFLED, 7, visits.get(70).cursor());

    assertThat(visits(resumed, 60)).isEqualTo(visits.subList(70, 130));
  }

  @Test
  void anyVisitIsRepeatedFromItsIdAlone() {
    PromptSource source = source(PromptSource.Order.SHUFFLED, 7, DataCursor.START);
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
    List<PromptVisit> visits = visits(source(PromptSource.Order.FILE, 7, DataCursor.START), 3);

    assertThat(visits.get(1).row()).isInstanceOf(DataRow.BadRow.class);
    assertThat(visits.get(2).id()).isEqualTo(new GroupId(2));
  }

  @Test
  void aPositionThatTheDataDoesNotHaveIsRefused() {
    assertThatThrownBy(() -> source(PromptSource.Order.FILE, 7, new DataCursor(0, 51)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a data set of 51 rows has no position 51");
  }

  private PromptSource source(PromptSource.Order order, long seed, DataCursor start) {
    return new PromptSource(data, order, seed, start);
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
