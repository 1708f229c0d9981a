package dev.sampo.actors.pipeline;

import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.WeightDelta;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Generates groups in small pieces, so that the actor that drives it stays reachable. All calls
 * come from one thread.
 */
public interface Generator extends AutoCloseable {

  /**
   * How far a group is.
   *
   * @param tokens tokens sampled so far over all completions
   * @param oldestStep step of the oldest policy that sampled one of them; of the present weights if
   *     there is none yet
   */
  record Progress(long tokens, long oldestStep) {}

  /** Groups that can be generated at a time. */
  int numSlots();

  /** The version of the weights; empty before the first. */
  Optional<PolicyVersion> version();

  /**
   * Takes a group into a free slot.
   *
   * @param images the encoded bytes of the prompt's images, in order
   * @throws IllegalArgumentException if the prompt cannot be asked; the message says why
   */
  void start(RolloutLease lease, List<byte[]> images);

  /** Samples the next token of every running completion. Returns the groups that are finished. */
  List<CompletionGroup> decode();

  /** Stops a running group. */
  void cancel(LeaseId lease);

  /** The running groups. */
  Map<LeaseId, Progress> running();

  /**
   * Replaces the weights; running groups go on with the new ones. After a failure the old weights
   * are in place.
   *
   * @param folder where the delta's shards are
   * @throws IllegalArgumentException if the files are not what the delta says
   */
  void install(WeightDelta delta, Path folder);

  @Override
  void close();
}
