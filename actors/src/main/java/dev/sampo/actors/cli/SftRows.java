package dev.sampo.actors.cli;

import dev.sampo.learner.sft.SftData;
import dev.sampo.learner.sft.SftExample;
import dev.sampo.tasks.data.DataRow;
import dev.sampo.tasks.data.DataSet;
import java.util.Optional;

/** A data set as demonstrations. */
record SftRows(DataSet rows) implements SftData {
  @Override
  public int size() {
    return rows.size();
  }

  @Override
  public Optional<SftExample> example(int row) {
    return rows.row(row) instanceof DataRow.Example example
        ? Optional.of(new SftExample(example.prompt(), example.response()))
        : Optional.empty();
  }
}
