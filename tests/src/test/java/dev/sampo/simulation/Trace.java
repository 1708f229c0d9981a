package dev.sampo.simulation;

import java.util.ArrayDeque;
import java.util.Queue;

/** The last events of a run, for whoever looks into a failure. */
final class Trace {
  private static final int LAST = Integer.getInteger("simulation.trace", 60);

  private record Entry(long nanos, Place at, String kind, Object what) {}

  private final Schedule schedule;
  private final Queue<Entry> entries = new ArrayDeque<>();

  Trace(Schedule schedule) {
    this.schedule = schedule;
  }

  void add(String kind, Place from, Place to, Object what) {
    add(new Entry(schedule.nanos(), to, kind + " from " + from, what));
  }

  void add(String kind, Object what) {
    add(new Entry(schedule.nanos(), schedule.current(), kind, what));
  }

  private void add(Entry entry) {
    if (entries.size() == LAST) {
      entries.remove();
    }
    entries.add(entry);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Entry entry : entries) {
      text.append(
          "%9.3f s  %-10s %-16s %s%n"
              .formatted(entry.nanos / 1e9, entry.at, entry.kind, shorten(entry.what)));
    }
    return text.toString();
  }

  private static String shorten(Object what) {
    String text =
        String.valueOf(what).replaceAll("Actor\\[pekko://[^]]*]", "*").replace("dev.sampo.", "");
    return text.length() > 220 ? text.substring(0, 220) + "..." : text;
  }
}
