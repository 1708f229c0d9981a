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
 * come from one thread, but for those that prepare.
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
   * Does what is slow about a group; any thread.
   *
   * @param images the encoded bytes of the prompt's images, in order
   * @return takes the group into a free slot, on the thread of the other calls; throws {@link
   *     IllegalArgumentException} if it does not fit
   * @throws RuntimeException if the prompt cannot be asked; the message says why
   */
  Runnable prepareGroup(RolloutLease lease, List<byte[]> images);

  /** Samples the next token of every running completion. Returns the groups that are finished. */
  List<CompletionGroup> decode();

  /** Stops a running group. */
  void cancel(LeaseId lease);

  /** The running groups. */
  Map<LeaseId, Progress> running();

  /**
   * Reads and checks new weights; any thread, one version at a time.
   *
   * @param folder where the delta's shards are
   * @return replaces the weights between two tokens, on the thread of the other calls; running
   *     groups go on with the new ones
   * @throws RuntimeException if the files are not what the delta says
   */
  Runnable prepareWeights(WeightDelta delta, Path folder);

  @Override
  void close();
}
