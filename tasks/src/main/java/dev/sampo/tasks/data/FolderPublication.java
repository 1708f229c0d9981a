package dev.sampo.tasks.data;

import dev.sampo.tasks.DataException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Makes a folder appear complete or not at all: its content is written beside it under another name
 * and moved when done. The settings it was made from lie in it as {@value #SETTINGS}, which is how
 * a repeated command recognises its own work.
 */
public final class FolderPublication {
  /** Name of the file that holds the settings. */
  public static final String SETTINGS = "settings.txt";

  private FolderPublication() {}

  /** Fills a folder. */
  @FunctionalInterface
  public interface Content {
    void writeInto(Path folder) throws IOException;
  }

  /**
   * Publishes content as {@code target}, unless that folder was made from equal settings before.
   *
   * @param settings what the content depends on, in one line
   * @return whether anything was written
   * @throws DataException when the folder holds something else or cannot be written; nothing is
   *     left behind then
   */
  public static boolean publish(Path target, String settings, Content content) {
    try {
      if (isComplete(target, settings)) {
        return false;
      }
      Path folder = target.toAbsolutePath().normalize();
      Path draft = folder.resolveSibling("." + folder.getFileName() + "-" + UUID.randomUUID());
      Files.createDirectories(draft);
      try {
        content.writeInto(draft);
        Files.writeString(draft.resolve(SETTINGS), settings + "\n");
        move(draft, folder);
      } finally {
        delete(draft);
      }
      return true;
    } catch (IOException | UncheckedIOException e) {
      throw new DataException("folder " + target + " cannot be written: " + e.getMessage(), e);
    }
  }

  private static boolean isComplete(Path target, String settings) throws IOException {
    if (!Files.exists(target)) {
      return false;
    }
    if (!Files.isDirectory(target)) {
      throw new DataException(target + " is a file; the output must be a folder");
    }
    try (Stream<Path> content = Files.list(target)) {
      if (content.findAny().isEmpty()) {
        return false;
      }
    }
    Path known = target.resolve(SETTINGS);
    if (Files.isRegularFile(known) && Files.readString(known).strip().equals(settings)) {
      return true;
    }
    throw new DataException(
        "folder "
            + target
            + " is not empty and was not made from these settings; name another folder or remove"
            + " it");
  }

  private static void move(Path draft, Path folder) throws IOException {
    Files.deleteIfExists(folder); // it is empty, or this fails
    try {
      Files.move(draft, folder, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(draft, folder);
    }
  }

  private static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      List<Path> content;
      try (Stream<Path> walk = Files.walk(folder)) {
        content = walk.sorted(Comparator.reverseOrder()).toList();
      }
      for (Path path : content) {
        Files.delete(path);
      }
    }
  }
}
