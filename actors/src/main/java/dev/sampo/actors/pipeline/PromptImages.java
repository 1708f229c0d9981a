package dev.sampo.actors.pipeline;

import dev.sampo.actors.transfer.BlobCache;
import dev.sampo.actors.transfer.TransferException;
import dev.sampo.protocol.ImageRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.pattern.Patterns;

/**
 * The images of prompts, from the node that read the rows. One that does not answer is asked again,
 * with longer and longer pauses: that is the network's fault and not the prompt's.
 */
final class PromptImages {
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(8);

  /** The node that has the images was asked for long and did not answer. */
  static final class OutOfReachException extends RuntimeException {
    OutOfReachException(ImageRef image, Throwable cause) {
      super("image " + image.sha256() + " is out of reach: " + Failures.messageOf(cause), cause);
    }
  }

  private final ActorSystem<?> system;
  private final BlobCache cache;

  PromptImages(ActorSystem<?> system, BlobCache cache) {
    this.system = system;
    this.cache = cache;
  }

  /**
   * The bytes of the images, in order.
   *
   * @param blobUrl where they are: {@code <blobUrl>/<sha256>}
   * @return fails with {@link TransferException} when that node has no such image, and after about
   *     15 seconds when it has another one; with {@link OutOfReachException} when it does not
   *     answer
   */
  CompletionStage<List<byte[]>> fetch(List<ImageRef> images, String blobUrl) {
    CompletionStage<List<byte[]>> all = CompletableFuture.completedFuture(new ArrayList<>());
    for (ImageRef image : images) {
      all =
          all.thenCombine(
              fetch(image, blobUrl, FIRST_PAUSE, true),
              (list, bytes) -> {
                list.add(bytes);
                return list;
              });
    }
    return all;
  }

  /** Only a node that answered every time, and never with the image, is the image's fault. */
  private CompletionStage<byte[]> fetch(
      ImageRef image, String blobUrl, Duration pause, boolean answered) {
    return cache
        .get(image, blobUrl)
        .exceptionallyCompose(failure -> {
          Throwable cause = Failures.rootOf(failure);
          if (cause instanceof TransferException missing && missing.isLasting()) {
            return CompletableFuture.failedFuture(missing);
          }
          boolean answers = answered && cause instanceof TransferException;
          if (pause.compareTo(LONGEST_PAUSE) > 0) {
            return CompletableFuture.failedFuture(
                answers ? cause : new OutOfReachException(image, cause));
          }
          return Patterns.after(
              pause, system, () -> fetch(image, blobUrl, pause.multipliedBy(2), answers));
        });
  }
}
