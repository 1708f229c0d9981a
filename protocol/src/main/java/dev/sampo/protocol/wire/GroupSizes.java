package dev.sampo.protocol.wire;

import dev.sampo.protocol.Completion;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.Prompt;
import dev.sampo.protocol.VersionSpan;
import java.util.Map;

/** Bounds on encoded sizes, for whoever need not know more than that a group is small enough. */
final class GroupSizes {
  /** More than the tags, lengths and numbers of any one message in a group take. */
  private static final int FRAME = 128;

  /** Messages that every group has once: score, group, lease, prompt, prompt tokens, sampling. */
  private static final int NUM_SINGLE_MESSAGES = 6;

  private static final int UTF8_BYTES_PER_CHAR = 3;

  private GroupSizes() {}

  static long mostBytesOfScore(CompletionGroup group) {
    long bytes =
        (long) FRAME * (NUM_SINGLE_MESSAGES + group.imageGrids().size())
            + mostBytes(group.prompt())
            + arrayBytes(group.promptTokens().length())
            + textBytes(group.worker());
    for (Completion completion : group.completions()) {
      bytes += mostBytes(completion);
    }
    return bytes;
  }

  private static long mostBytes(Prompt prompt) {
    long bytes =
        textBytes(prompt.source())
            + textBytes(prompt.task())
            + textBytes(prompt.text())
            + textBytes(prompt.solution());
    for (ImageRef image : prompt.images()) {
      bytes += FRAME + textBytes(image.sha256());
    }
    for (Map.Entry<String, String> field : prompt.fields().entrySet()) {
      bytes += FRAME + textBytes(field.getKey()) + textBytes(field.getValue());
    }
    return bytes;
  }

  /** As if every span brought its own version; the message has each once. */
  private static long mostBytes(Completion completion) {
    long bytes =
        FRAME
            + arrayBytes(completion.tokens().length())
            + arrayBytes(completion.logProbs().length())
            + textBytes(completion.text());
    for (VersionSpan span : completion.versions()) {
      bytes += 2 * FRAME + textBytes(span.version().runId());
      bytes += textBytes(span.version().weightsHash());
    }
    return bytes;
  }

  private static long arrayBytes(int length) {
    return (long) Integer.BYTES * length; // of both element types
  }

  private static long textBytes(String text) {
    return (long) UTF8_BYTES_PER_CHAR * text.length();
  }
}
