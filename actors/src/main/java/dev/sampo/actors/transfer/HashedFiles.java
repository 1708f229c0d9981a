package dev.sampo.actors.transfer;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.StatusCodes;
import org.apache.pekko.http.javadsl.model.headers.ByteRange;
import org.apache.pekko.http.javadsl.model.headers.Range;
import org.apache.pekko.http.javadsl.model.headers.RangeUnits;
import org.apache.pekko.stream.javadsl.FileIO;

/**
 * Fetches files over HTTP. A file appears under its name only when it is complete and its hash is
 * right; what an interrupted transfer left is continued from where it stopped.
 */
public final class HashedFiles implements FileSource {
  private final ActorSystem<?> system;

  public HashedFiles(ActorSystem<?> system) {
    this.system = system;
  }

  @Override
  public CompletionStage<Path> fetch(List<String> urls, String sha256, Path target) {
    if (Files.exists(target)) {
      return CompletableFuture.completedFuture(target);
    }
    CompletionStage<Path> result =
        CompletableFuture.failedFuture(new TransferException("nobody serves " + sha256, false));
    for (String url : urls) {
      result = result.exceptionallyCompose(before -> fetchFrom(url, sha256, target));
    }
    return result;
  }

  private CompletionStage<Path> fetchFrom(String url, String sha256, Path target) {
    Path partial = target.resolveSibling(target.getFileName() + ".partial");
    long have = sizeOf(partial);
    HttpRequest request = HttpRequest.GET(url);
    if (have > 0) {
      request = request.addHeader(Range.create(RangeUnits.BYTES, ByteRange.createFromOffset(have)));
    }
    return Http.get(system)
        .singleRequest(request)
        .thenCompose(response -> store(response, url, partial))
        .thenApply(stored -> publish(partial, sha256, target, url));
  }

  private CompletionStage<?> store(HttpResponse response, String url, Path partial) {
    boolean continues = response.status().equals(StatusCodes.PARTIAL_CONTENT);
    if (!continues && !response.status().equals(StatusCodes.OK)) {
      response.discardEntityBytes(system);
      deleteIfExists(partial); // it may be what the server objects to
      throw new TransferException(
          url + " answered " + response.status(), response.status().equals(StatusCodes.NOT_FOUND));
    }
    createFolder(partial);
    Set<StandardOpenOption> how =
        continues
            ? Set.of(StandardOpenOption.WRITE, StandardOpenOption.APPEND)
            : Set.of(
                StandardOpenOption.WRITE,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING);
    return response
        .entity()
        .withoutSizeLimit()
        .getDataBytes()
        .runWith(FileIO.toPath(partial, Set.copyOf(how)), system);
  }

  private static Path publish(Path partial, String sha256, Path target, String url) {
    String actual = sha256Of(partial);
    if (!actual.equals(sha256)) {
      deleteIfExists(partial);
      throw new TransferException(
          "%s has the hash %s, expected %s".formatted(url, actual, sha256), false);
    }
    try {
      return Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The SHA-256 of some bytes, lower-case hex. */
  public static String sha256Of(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The SHA-256 of a file, lower-case hex. */
  public static String sha256Of(Path file) {
    try (InputStream in =
        new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
      in.transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(((DigestInputStream) in).getMessageDigest().digest());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static long sizeOf(Path file) {
    try {
      return Files.exists(file) ? Files.size(file) : 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void createFolder(Path file) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void deleteIfExists(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
