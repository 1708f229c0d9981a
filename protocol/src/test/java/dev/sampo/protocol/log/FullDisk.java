package dev.sampo.protocol.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.Set;
import org.apache.lucene.tests.mockfile.FilterFileChannel;
import org.apache.lucene.tests.mockfile.FilterFileSystemProvider;

/**
 * The real file system with a disk that gets full: operation number {@code room} is the last that
 * finds room, the next one writes half of what it was given, and then nothing is written until
 * {@link #makeRoom}. Operations are writes, syncs, new files and new folders. Deleting, moving and
 * cutting need no room.
 */
final class FullDisk extends FilterFileSystemProvider {
  static final String REASON = "No space left on device";

  private long room;
  private boolean wasFull;

  /** A disk with room for so many operations. */
  FullDisk(long room) {
    super("full", FileSystems.getDefault());
    this.room = room;
  }

  /** The same path, on this disk. */
  Path path(Path real) {
    return wrapPath(real);
  }

  void makeRoom() {
    leave(Long.MAX_VALUE);
  }

  /** From now on there is room for so many operations. */
  void leave(long operations) {
    room = operations;
    wasFull = false;
  }

  /** Whether an operation found no room. */
  boolean wasFull() {
    return wasFull;
  }

  /** How much of what the next operation writes finds room; counts the operation. */
  private Room takeRoom() {
    if (room > 0) {
      room--;
      return Room.ENOUGH;
    }
    Room left = wasFull ? Room.NONE : Room.HALF;
    wasFull = true;
    return left;
  }

  /** How much of a write finds room. */
  private enum Room {
    ENOUGH,
    HALF,
    NONE
  }

  private void requireRoom(Path path) throws IOException {
    if (takeRoom() != Room.ENOUGH) {
      throw new FileSystemException(path.toString(), null, REASON);
    }
  }

  @Override
  public FileChannel newFileChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    boolean makes =
        options.contains(StandardOpenOption.CREATE)
            || options.contains(StandardOpenOption.CREATE_NEW);
    if (makes) {
      requireRoom(path);
    }
    return new Channel(super.newFileChannel(path, options, attributes));
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return newFileChannel(path, options, attributes);
  }

  @Override
  public void createDirectory(Path folder, FileAttribute<?>... attributes) throws IOException {
    requireRoom(folder);
    super.createDirectory(folder, attributes);
  }

  private final class Channel extends FilterFileChannel {
    Channel(FileChannel file) {
      super(file);
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
      return switch (takeRoom()) {
        case ENOUGH -> super.write(source);
        case HALF -> {
          ByteBuffer half = source.slice(source.position(), source.remaining() / 2);
          int written = super.write(half);
          source.position(source.position() + written);
          yield written;
        }
        case NONE -> throw new IOException(REASON);
      };
    }

    @Override
    public void force(boolean metaData) throws IOException {
      if (takeRoom() != Room.ENOUGH) {
        throw new IOException(REASON);
      }
      super.force(metaData);
    }
  }
}
