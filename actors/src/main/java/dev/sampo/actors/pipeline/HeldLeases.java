package dev.sampo.actors.pipeline;

import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.RolloutLease;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The leases that a rollout worker has and does not decode, by stage.
 *
 * <pre>
 *   fetching --> ready --> (decoded by the generator) --> leaving
 * </pre>
 */
final class HeldLeases {

  /**
   * A group whose images are here.
   *
   * @param start begins it in a slot of the generator
   */
  record Ready(RolloutLease lease, Runnable start) {}

  private final Set<LeaseId> fetching = new HashSet<>();
  private final Queue<Ready> ready = new ArrayDeque<>();
  private final Set<LeaseId> leaving = ConcurrentHashMap.newKeySet(); // read by the stream as well
  private int onTheWay; // groups in the stream, also those that nobody wants any more

  void fetch(LeaseId lease) {
    fetching.add(lease);
  }

  /**
   * The images are not coming.
   *
   * @return whether they were waited for
   */
  boolean stopFetching(LeaseId lease) {
    return fetching.remove(lease);
  }

  /** The images are here; nothing happens if nobody waits for them any more. */
  void arrived(Ready group) {
    if (fetching.remove(group.lease().id())) {
      ready.add(group);
    }
  }

  /** The next group to begin. */
  Optional<Ready> next() {
    return Optional.ofNullable(ready.peek());
  }

  void removeNext() {
    ready.remove();
  }

  /** Removes all that have not been begun though their images are here. */
  List<Ready> removeReady() {
    List<Ready> all = List.copyOf(ready);
    ready.clear();
    return all;
  }

  /** A group is finished and goes on its way out. */
  void leave(LeaseId lease) {
    leaving.add(lease);
    onTheWay++;
  }

  /** A group has come to the end of its way. */
  void left(LeaseId lease) {
    onTheWay--;
    leaving.remove(lease);
  }

  /** Whether a finished group is still wanted; from any thread. */
  boolean isLeaving(LeaseId lease) {
    return leaving.contains(lease);
  }

  int numLeaving() {
    return leaving.size();
  }

  /** Groups on the way out, those included that nobody wants any more. */
  int numOnTheWay() {
    return onTheWay;
  }

  /** Forgets a lease at whatever stage. */
  void forget(LeaseId lease) {
    fetching.remove(lease);
    leaving.remove(lease);
    ready.removeIf(waiting -> waiting.lease().id().equals(lease));
  }

  /** Every lease, whatever its stage. */
  List<LeaseId> all() {
    List<LeaseId> held = new ArrayList<>(fetching);
    ready.forEach(waiting -> held.add(waiting.lease().id()));
    held.addAll(leaving);
    return held;
  }
}
