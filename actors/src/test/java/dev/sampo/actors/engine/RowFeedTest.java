package dev.sampo.actors.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.actors.run.PromptFeed;
import dev.sampo.protocol.GroupId;
import dev.sampo.tasks.DataException;
import dev.sampo.tasks.data.DataCursor;
import dev.sampo.tasks.data.DataFile;
import dev.sampo.tasks.data.DataSet;
import dev.sampo.tasks.data.EpochOrder;
import dev.sampo.tasks.data.ImageFiles;
import dev.sampo.tasks.data.PromptSource;
import dev.sampo.tasks.data.QuestionTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowFeedTest {
  @TempDir Path folder;

  @Test
  void rowsThatCannotBeAskedAreNamedUntilNoneIsLeftThatCan() throws IOException {
    Path file = Files.writeString(folder.resolve("train.jsonl"), "{\n[]\n");
    DataSet rows =
        DataSet.open(
            List.of(new DataFile(file, folder)),
            "rec",
            QuestionTemplate.forTask("rec"),
            new ImageFiles());
    RowFeed feed =
        new RowFeed(new PromptSource(rows, EpochOrder.ofFiles(), DataCursor.START), rows.size());

    assertThat(feed.visit(new GroupId(0))).isInstanceOf(PromptFeed.Visit.Bad.class);
    assertThat(feed.visit(new GroupId(1))).isInstanceOf(PromptFeed.Visit.Bad.class);
    assertThatThrownBy(() -> feed.visit(new GroupId(2)))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("no row can be asked any more");
  }
}
