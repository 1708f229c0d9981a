package dev.sampo.vlm.weights;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.CopyOption;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.Set;
import org.apache.lucene.tests.mockfile.FilterFileSystemProvider;

/**
 * The real file system until the power goes: the change of number {@code lastChange} is the last
 * that reaches the disk, and it fails as everything after it does, clean-up included. Changes are
 * opening a file for writing (which empties it), moves, links, copies and deletions.
 */
public final class CrashingFileSystem extends FilterFileSystemProvider {
  private final boolean linksFail;
  private int changesLeft;

  /**
   * A file system that crashes.
   *
   * @param lastChange counted from 1; 0 crashes before anything changes
   * @param linksFail whether it is one without hard links
   */
  public CrashingFileSystem(int lastChange, boolean linksFail) {
    super("crashing", FileSystems.getDefault());
    this.changesLeft = lastChange;
    this.linksFail = linksFail;
  }

  /** The same path, in this file system. */
  public Path path(Path real) {
    return wrapPath(real);
  }

  private interface Change<T> {
    T make() throws IOException;
  }

  private <T> T change(Change<T> change) throws IOException {
    if (changesLeft == 0) {
      throw new IOException("crashed");
    }
    changesLeft--;
    T result = change.make();
    if (changesLeft == 0) {
      throw new IOException("crashed");
    }
    return result;
  }

  @Override
  public FileChannel newFileChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return options.contains(StandardOpenOption.WRITE)
        ? change(() -> super.newFileChannel(path, options, attributes))
        : super.newFileChannel(path, options, attributes);
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return newFileChannel(path, options, attributes);
  }

  @Override
  public OutputStream newOutputStream(Path path, OpenOption... options) throws IOException {
    return change(() -> super.newOutputStream(path, options));
  }

  @Override
  public void delete(Path path) throws IOException {
    boolean _ =
        change(() -> {
          super.delete(path);
          return true;
        });
  }

  @Override
  public boolean deleteIfExists(Path path) throws IOException {
    return Files.exists(path) && change(() -> super.deleteIfExists(path));
  }

  @Override
  public void move(Path source, Path target, CopyOption... options) throws IOException {
    boolean _ =
        change(() -> {
          super.move(source, target, options);
          return true;
        });
  }

  @Override
  public void copy(Path source, Path target, CopyOption... options) throws IOException {
    boolean _ =
        change(() -> {
          super.copy(source, target, options);
          return true;
        });
  }

  @Override
  public void createLink(Path link, Path existing) throws IOException {
    if (linksFail) {
      throw new UnsupportedOperationException("no links here");
    }
    boolean _ =
        change(() -> {
          super.createLink(link, existing);
          return true;
        });
  }
}
