package dev.sampo.protocol;

/**
 * The identity of a group: one visit of one prompt in a run. Nothing else identifies a group,
 * neither its text nor its tokens.
 *
 * @param value the ordinal of the prompt visit in the run, counted from 0 over all epochs
 */
public record GroupId(long value) implements Comparable<GroupId> {
  public GroupId {
    if (value < 0) {
      throw new IllegalArgumentException("a group id is at least 0, got " + value);
    }
  }

  @Override
  public int compareTo(GroupId other) {
    return Long.compare(value, other.value);
  }
}
