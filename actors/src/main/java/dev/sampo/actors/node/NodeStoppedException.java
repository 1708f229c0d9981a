package dev.sampo.actors.node;

/** A node was stopped, by a signal or by its cluster, before its run was finished. */
public final class NodeStoppedException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  NodeStoppedException() {
    super("the node was stopped before the run was finished");
  }
}
