package dev.sampo.bench;

import dev.sampo.protocol.ledger.LedgerEvent;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;

/** The events of group after group; the time begins with the first question. */
final class GroupsForAWhile implements Iterator<List<LedgerEvent>> {
  private final Duration lasts;
  private long begin = -1;
  private long number;
  private long numEvents;

  GroupsForAWhile(Duration lasts) {
    this.lasts = lasts;
  }

  @Override
  public boolean hasNext() {
    if (begin < 0) {
      begin = System.nanoTime();
    }
    return System.nanoTime() - begin < lasts.toNanos();
  }

  @Override
  public List<LedgerEvent> next() {
    List<LedgerEvent> events = RunEvents.ofGroup(number);
    number++;
    numEvents += events.size();
    return events;
  }

  /** How many groups there were. */
  long number() {
    return number;
  }

  /** How many events there were. */
  long numEvents() {
    return numEvents;
  }

  /** Since the first question. */
  double seconds() {
    return (System.nanoTime() - begin) / 1e9;
  }
}
