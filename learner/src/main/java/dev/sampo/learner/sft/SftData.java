package dev.sampo.learner.sft;

import java.util.Optional;

/** The rows of a phase; those of one image follow one another. Safe for several threads. */
public interface SftData {

  /** Number of rows, bad ones included. */
  int size();

  /** A row; empty for one that cannot be used. */
  Optional<SftExample> example(int row);
}
