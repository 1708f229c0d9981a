package dev.sampo.actors.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.sampo.actors.journal.RunLedger;
import dev.sampo.config.ResultSettings;
import dev.sampo.vlm.weights.AtomicFile;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A run folder in the hands of one process: a new one, or one that the same command with the same
 * settings left unfinished. {@code run.json} says which these are, the lock on {@code run.lock}
 * ends with the process, however it ends.
 */
public final class RunClaim implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final RunFolder folder;
  private final FileChannel lock;
  private final String command;
  private final SortedMap<String, String> settings;
  private final State state;
  private final List<String> remarks;
  private boolean madeFolder;

  private enum State {
    NEW,
    RESUMED,
    /** There are steps, and {@code run.json} does not say whose. */
    UNKNOWN
  }

  private RunClaim(
      RunFolder folder,
      FileChannel lock,
      String command,
      SortedMap<String, String> settings,
      State state,
      List<String> remarks) {
    this.folder = folder;
    this.lock = lock;
    this.command = command;
    this.settings = settings;
    this.state = state;
    this.remarks = List.copyOf(remarks);
  }

  /**
   * Takes a folder for a run.
   *
   * @param path the folder; made if there is none
   * @param command the command that runs
   * @param settings what decides the result, by key
   * @throws OccupiedFolderException if the folder holds something else than an earlier part of this
   *     run, or another process works in it
   */
  public static RunClaim take(Path path, String command, SortedMap<String, String> settings) {
    try {
      requireRunOrNothing(path);
      boolean isThere = Files.exists(path);
      RunFolder folder = new RunFolder(Files.createDirectories(path).toAbsolutePath().normalize());
      FileChannel lock = lock(folder);
      try {
        RunClaim claim = take(folder, lock, command, settings);
        claim.madeFolder = !isThere;
        return claim;
      } catch (RuntimeException | IOException e) {
        lock.close();
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static RunClaim take(
      RunFolder folder, FileChannel lock, String command, SortedMap<String, String> settings)
      throws IOException {
    if (!hasBegun(folder)) {
      write(folder, command, settings);
      return new RunClaim(folder, lock, command, settings, State.NEW, List.of());
    }
    JsonNode earlier = read(folder.claim());
    if (!earlier.path("command").isTextual()) {
      return new RunClaim(folder, lock, command, settings, State.UNKNOWN, List.of());
    }
    if (!earlier.path("command").asText().equals(command)) {
      throw new OccupiedFolderException(
          "%s holds a run of 'sampo %s'; this one needs a folder of its own"
              .formatted(folder.path(), earlier.path("command").asText()));
    }
    ResultSettings.Changes changes = ResultSettings.changes(settings(earlier), settings);
    if (!changes.decisive().isEmpty()) {
      throw new OccupiedFolderException(
          "%s holds a run with other settings: %s; repeat it as it was, or name another folder"
              .formatted(folder.path(), changes.shown()));
    }
    return new RunClaim(folder, lock, command, settings, State.RESUMED, changes.rounding());
  }

  /** What a file says; nothing if it is lost or damaged. */
  private static JsonNode read(Path claim) throws IOException {
    try {
      return JSON.readTree(claim.toFile());
    } catch (FileNotFoundException | JsonProcessingException e) {
      return MissingNode.getInstance();
    }
  }

  /** A run that began nothing has nothing that could be lost. */
  private static boolean hasBegun(RunFolder folder) throws IOException {
    return (Files.exists(folder.metrics()) && Files.size(folder.metrics()) > 0)
        || Files.exists(folder.checkpoints())
        || RunLedger.hasEvents(folder.ledger());
  }

  /**
   * What a process that died before it wrote the claim has left does not count, nor does the data
   * that a quick start writes first.
   */
  private static void requireRunOrNothing(Path path) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    if (!Files.isDirectory(path)) {
      throw OccupiedFolderException.of(path);
    }
    RunFolder folder = new RunFolder(path);
    Set<Path> nothing = Set.of(folder.lock(), folder.data(), AtomicFile.partial(folder.claim()));
    try (Stream<Path> entries = Files.list(path)) {
      if (!Files.exists(folder.claim())
          && !hasBegun(folder)
          && !entries.allMatch(nothing::contains)) {
        throw OccupiedFolderException.of(path);
      }
    }
  }

  private static FileChannel lock(RunFolder folder) throws IOException {
    FileChannel channel =
        FileChannel.open(folder.lock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      // held by this process: no less taken
    }
    channel.close();
    throw new OccupiedFolderException(folder.path() + " is in use by another process");
  }

  /** Whether a process works in a folder; nothing is changed there. */
  public static boolean isHeld(RunFolder folder) {
    if (!Files.exists(folder.lock())) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(folder.lock(), StandardOpenOption.READ)) {
      return channel.tryLock(0, Long.MAX_VALUE, true) == null;
    } catch (OverlappingFileLockException e) {
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static SortedMap<String, String> settings(JsonNode claim) {
    SortedMap<String, String> settings = new TreeMap<>();
    claim
        .path("settings")
        .properties()
        .forEach(entry -> settings.put(entry.getKey(), entry.getValue().asText()));
    return settings;
  }

  private static void write(RunFolder folder, String command, SortedMap<String, String> settings) {
    ObjectNode claim = JSON.createObjectNode();
    claim.put("command", command);
    settings.forEach(claim.putObject("settings")::put);
    RunFolder.write(
        folder.claim(), (claim.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** The folder. */
  public RunFolder folder() {
    return folder;
  }

  /** Whether the run was begun before. */
  public boolean isResumed() {
    return state != State.NEW;
  }

  /**
   * Whether {@code run.json} is lost or damaged: then a checkpoint has to say what run the steps
   * are of.
   */
  public boolean isUnknown() {
    return state == State.UNKNOWN;
  }

  /** Writes {@code run.json} anew, once a checkpoint has shown that the steps are of this run. */
  public void confirm() {
    write(folder, command, settings);
  }

  /** Settings that changed and may, each in one line; the result differs by rounding. */
  public List<String> remarks() {
    return remarks;
  }

  /** Of a run that began nothing nothing stays behind. */
  @Override
  public void close() {
    try (lock) {
      if (state == State.NEW) {
        discard();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Clears the folder if nothing is in it but what {@link #take} and the log have made. */
  private void discard() throws IOException {
    Set<Path> made = Set.of(folder.claim(), folder.log(), folder.lock());
    try (Stream<Path> entries = Files.list(folder.path())) {
      if (!entries.allMatch(made::contains)) {
        return;
      }
    }
    for (Path file : made) {
      Files.deleteIfExists(file);
    }
    if (madeFolder) {
      Files.delete(folder.path());
    }
  }
}
