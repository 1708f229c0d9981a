package dev.sampo.actors.transfer;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Gets files of other nodes whose hash is known. */
public interface FileSource {

  /**
   * Fetches a file unless it is there already.
   *
   * @param urls where it may be, tried in order
   * @param sha256 its hash, lower-case hex
   * @param target where to put it
   * @return the target; fails with {@link TransferException} when no URL has the right bytes
   */
  CompletionStage<Path> fetch(List<String> urls, String sha256, Path target);
}
