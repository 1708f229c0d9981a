package dev.sampo.simulation;

import java.util.ArrayList;
import java.util.List;

/**
 * A node of the simulated cluster, that is a group of actors with everything that they started. A
 * frozen one does nothing until it thaws, like a process that is stopped; a killed one never thaws.
 */
final class Place {
  /** What belongs to no node: the network, the actor system's own actors. */
  static final Place NOWHERE = new Place("nowhere");

  private final String name;
  private final List<Runnable> held = new ArrayList<>();
  private boolean frozen;
  private boolean killed;
  private boolean removed;
  private int slowness = 1;

  Place(String name) {
    this.name = name;
  }

  String name() {
    return name;
  }

  boolean isFrozen() {
    return frozen || killed;
  }

  void hold(Runnable work) {
    held.add(work);
  }

  void freeze() {
    frozen = true;
  }

  /** Goes on. Returns what was to be done meanwhile. */
  List<Runnable> thaw() {
    frozen = false;
    return takeHeld();
  }

  void kill() {
    killed = true;
  }

  boolean isKilled() {
    return killed;
  }

  /** Lets the actors of a killed node stop when everything is over. */
  List<Runnable> bury() {
    killed = false;
    return thaw();
  }

  private List<Runnable> takeHeld() {
    if (killed) {
      return List.of();
    }
    List<Runnable> all = List.copyOf(held);
    held.clear();
    return all;
  }

  /** The others have removed it from the cluster, for good. */
  void remove() {
    removed = true;
  }

  boolean isRemoved() {
    return removed;
  }

  /** Its turn comes this many times less often. */
  void slowDown(int factor) {
    slowness = factor;
  }

  int slowness() {
    return slowness;
  }

  @Override
  public String toString() {
    return name;
  }
}
