package dev.sampo.fault;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/**
 * What can be seen of a training in its folder, from outside: something changes there whenever the
 * training passes from one part of its life into the next.
 */
enum Moment {
  /** A group or a step was recorded. */
  RECORDED {
    @Override
    Object seen(Path run) throws IOException {
      long size = 0;
      for (String entry : entries(run.resolve("rollouts/segments"), "*")) {
        size += sizeOf(run.resolve("rollouts/segments").resolve(entry));
      }
      return size;
    }
  },
  /** Events of the ledger are on the disk. */
  IN_THE_LEDGER {
    @Override
    Object seen(Path run) throws IOException {
      Path head = run.resolve("ledger/ledger.head");
      return Files.exists(head) ? Arrays.hashCode(Files.readAllBytes(head)) : 0;
    }
  },
  /** The files of a version are being written. */
  PUBLISHED {
    @Override
    Object seen(Path run) throws IOException {
      return entries(run.resolve("weights"), "*");
    }
  },
  /** A step was reported; the next one is generated. */
  REPORTED {
    @Override
    Object seen(Path run) throws IOException {
      return sizeOf(run.resolve("metrics.jsonl"));
    }
  },
  /** A checkpoint is begun or finished. */
  SAVED {
    @Override
    Object seen(Path run) throws IOException {
      return entries(run.resolve("checkpoints"), "*");
    }
  };

  /** Something that is another one after the moment than before. */
  abstract Object seen(Path run) throws IOException;

  private static Set<String> entries(Path folder, String glob) throws IOException {
    Set<String> names = new TreeSet<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, glob)) {
        entries.forEach(entry -> names.add(entry.getFileName().toString()));
      }
    }
    return names;
  }

  private static long sizeOf(Path file) throws IOException {
    try {
      return Files.readAttributes(file, BasicFileAttributes.class).size();
    } catch (NoSuchFileException e) {
      return 0;
    }
  }
}
