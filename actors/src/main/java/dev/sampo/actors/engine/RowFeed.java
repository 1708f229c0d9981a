package dev.sampo.actors.engine;

import dev.sampo.actors.run.PromptFeed;
import dev.sampo.protocol.GroupId;
import dev.sampo.tasks.DataException;
import dev.sampo.tasks.data.DataRow;
import dev.sampo.tasks.data.PromptSource;

/**
 * The rows of a data set as prompts, epoch after epoch. It never ends, but gives up when as many
 * rows in a row as there are cannot be asked, as when the images have gone.
 */
final class RowFeed implements PromptFeed {
  private final PromptSource rows;
  private final int numRows;
  private int badInARow;

  RowFeed(PromptSource rows, int numRows) {
    this.rows = rows;
    this.numRows = numRows;
  }

  @Override
  public Visit visit(GroupId group) {
    return switch (rows.visit(group).row()) {
      case DataRow.Example example -> {
        badInARow = 0;
        yield new Visit.Ready(example.prompt());
      }
      case DataRow.BadRow bad -> {
        badInARow++;
        if (badInARow > numRows) {
          throw new DataException(
              "no row can be asked any more; the last is %s: %s"
                  .formatted(bad.source(), bad.reason()));
        }
        yield new Visit.Bad(bad.source(), bad.reason());
      }
    };
  }
}
