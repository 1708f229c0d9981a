package dev.sampo.actors.report;

import java.io.Serial;
import java.nio.file.Path;

/** A folder that a run should be written to cannot be taken for it; the message is one line. */
public final class OccupiedFolderException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  OccupiedFolderException(String message) {
    super(message);
  }

  static OccupiedFolderException of(Path path) {
    return new OccupiedFolderException(
        path + " holds files already; a run needs a new or empty folder");
  }
}
