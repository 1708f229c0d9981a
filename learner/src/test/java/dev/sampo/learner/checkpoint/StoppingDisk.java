package dev.sampo.learner.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.CopyOption;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.Set;
import org.apache.lucene.tests.mockfile.FilterFileSystemProvider;

/**
 * The files of the machine, seen through a file system that lets so many changes through and then
 * none, as if the machine had stopped. A change is a file opened for writing, a folder made, a
 * rename or a deletion. When the last change opens a file, nothing gets into it.
 */
final class StoppingDisk extends FilterFileSystemProvider {
  private int left;

  StoppingDisk(int changes) {
    super("stopping", FileSystems.getDefault());
    this.left = changes;
  }

  /** A path of the machine, seen through this. */
  Path see(Path real) {
    return wrapPath(real);
  }

  private void change() throws IOException {
    if (left == 0) {
      throw new IOException("the machine has stopped");
    }
    left--;
  }

  @Override
  public FileChannel newFileChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    boolean writes = options.contains(StandardOpenOption.WRITE);
    if (writes) {
      change();
    }
    FileChannel channel = super.newFileChannel(path, options, attributes);
    if (writes && left == 0) {
      channel.close();
    }
    return channel;
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return newFileChannel(path, options, attributes);
  }

  @Override
  public OutputStream newOutputStream(Path path, OpenOption... options) throws IOException {
    change();
    OutputStream stream = super.newOutputStream(path, options);
    if (left == 0) {
      stream.close();
    }
    return stream;
  }

  @Override
  public void createDirectory(Path folder, FileAttribute<?>... attributes) throws IOException {
    change();
    super.createDirectory(folder, attributes);
  }

  @Override
  public void delete(Path path) throws IOException {
    if (Files.exists(path)) {
      change();
    }
    super.delete(path);
  }

  @Override
  public boolean deleteIfExists(Path path) throws IOException {
    if (Files.exists(path)) {
      change();
    }
    return super.deleteIfExists(path);
  }

  @Override
  public void move(Path from, Path to, CopyOption... options) throws IOException {
    change();
    super.move(from, to, options);
  }

  @Override
  public void copy(Path from, Path to, CopyOption... options) throws IOException {
    change();
    super.copy(from, to, options);
  }

  @Override
  public void setAttribute(Path path, String name, Object value, LinkOption... options)
      throws IOException {
    change();
    super.setAttribute(path, name, value, options);
  }
}
