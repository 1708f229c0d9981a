package dev.sampo.vlm.weights;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.StandardOpenOption;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The real file system until the power goes: the change of number {@code lastChange} is the last
 * that reaches the disk, and it fails as everything after it does, clean-up included. Changes are
 * opening a file for writing (which empties it), moves, links, copies and deletions.
 */
public final class CrashingFileSystem extends FileSystem {
  private final Provider provider = new Provider();
  private final boolean linksFail;
  private int changesLeft;

  /**
   * A file system that crashes.
   *
   * @param lastChange counted from 1; 0 crashes before anything changes
   * @param linksFail whether it is one without hard links
   */
  public CrashingFileSystem(int lastChange, boolean linksFail) {
    this.changesLeft = lastChange;
    this.linksFail = linksFail;
  }

  /** The same path, in this file system. */
  public Path path(Path real) {
    return (Path)
        Proxy.newProxyInstance(
            Path.class.getClassLoader(),
            new Class<?>[] {Path.class},
            (_, method, arguments) -> {
              if (method.getName().equals("getFileSystem")) {
                return this;
              }
              try {
                Object result =
                    method.invoke(
                        real,
                        arguments == null
                            ? null
                            : Arrays.stream(arguments).map(CrashingFileSystem::real).toArray());
                return result instanceof Path path ? path(path) : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static Object real(Object argument) {
    return argument instanceof Path path ? real(path) : argument;
  }

  private static Path real(Path path) {
    return path.getFileSystem() instanceof CrashingFileSystem ? Path.of(path.toString()) : path;
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
  public FileSystemProvider provider() {
    return provider;
  }

  @Override
  public void close() {}

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public boolean isReadOnly() {
    return false;
  }

  @Override
  public String getSeparator() {
    return "/";
  }

  @Override
  public Iterable<Path> getRootDirectories() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Iterable<FileStore> getFileStores() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Set<String> supportedFileAttributeViews() {
    return Set.of("basic");
  }

  @Override
  public Path getPath(String first, String... more) {
    return path(Path.of(first, more));
  }

  @Override
  public PathMatcher getPathMatcher(String syntaxAndPattern) {
    throw new UnsupportedOperationException();
  }

  @Override
  public UserPrincipalLookupService getUserPrincipalLookupService() {
    throw new UnsupportedOperationException();
  }

  @Override
  public WatchService newWatchService() {
    throw new UnsupportedOperationException();
  }

  private final class Provider extends FileSystemProvider {
    private final FileSystemProvider disk = FileSystems.getDefault().provider();

    @Override
    public FileChannel newFileChannel(
        Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
        throws IOException {
      return options.contains(StandardOpenOption.WRITE)
          ? change(() -> disk.newFileChannel(real(path), options, attributes))
          : disk.newFileChannel(real(path), options, attributes);
    }

    @Override
    public SeekableByteChannel newByteChannel(
        Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
        throws IOException {
      return newFileChannel(path, options, attributes);
    }

    @Override
    public void delete(Path path) throws IOException {
      boolean _ =
          change(() -> {
            disk.delete(real(path));
            return true;
          });
    }

    @Override
    public void move(Path source, Path target, CopyOption... options) throws IOException {
      boolean _ =
          change(() -> {
            disk.move(real(source), real(target), options);
            return true;
          });
    }

    @Override
    public void copy(Path source, Path target, CopyOption... options) throws IOException {
      boolean _ =
          change(() -> {
            disk.copy(real(source), real(target), options);
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
            disk.createLink(real(link), real(existing));
            return true;
          });
    }

    @Override
    public void createDirectory(Path folder, FileAttribute<?>... attributes) throws IOException {
      disk.createDirectory(real(folder), attributes);
    }

    @Override
    public DirectoryStream<Path> newDirectoryStream(
        Path folder, DirectoryStream.Filter<? super Path> filter) throws IOException {
      List<Path> files = new ArrayList<>();
      try (DirectoryStream<Path> stream = disk.newDirectoryStream(real(folder), filter)) {
        stream.forEach(file -> files.add(path(file)));
      }
      return new DirectoryStream<>() {
        @Override
        public Iterator<Path> iterator() {
          return files.iterator();
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public void checkAccess(Path path, AccessMode... modes) throws IOException {
      disk.checkAccess(real(path), modes);
    }

    @Override
    public <A extends BasicFileAttributes> A readAttributes(
        Path path, Class<A> type, LinkOption... options) throws IOException {
      return disk.readAttributes(real(path), type, options);
    }

    @Override
    public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options)
        throws IOException {
      return disk.readAttributes(real(path), attributes, options);
    }

    @Override
    public <V extends FileAttributeView> @Nullable V getFileAttributeView(
        Path path, Class<V> type, LinkOption... options) {
      return disk.getFileAttributeView(real(path), type, options);
    }

    @Override
    public void setAttribute(Path path, String attribute, Object value, LinkOption... options)
        throws IOException {
      disk.setAttribute(real(path), attribute, value, options);
    }

    @Override
    public boolean isSameFile(Path path, Path other) throws IOException {
      return disk.isSameFile(real(path), real(other));
    }

    @Override
    public boolean isHidden(Path path) throws IOException {
      return disk.isHidden(real(path));
    }

    @Override
    public FileStore getFileStore(Path path) throws IOException {
      return disk.getFileStore(real(path));
    }

    @Override
    public String getScheme() {
      return "crashing";
    }

    @Override
    public FileSystem newFileSystem(URI uri, Map<String, ?> settings) {
      throw new UnsupportedOperationException();
    }

    @Override
    public FileSystem getFileSystem(URI uri) {
      return CrashingFileSystem.this;
    }

    @Override
    public Path getPath(URI uri) {
      return path(Path.of(uri));
    }
  }
}
