package dev.sampo.actors.report;

import java.io.Serial;
import java.nio.file.Path;

/** A folder that a run should be written to holds something already. */
public final class OccupiedFolderException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  OccupiedFolderException(Path path) {
    super(path + " holds files already; a run needs a new or empty folder");
  }
}
