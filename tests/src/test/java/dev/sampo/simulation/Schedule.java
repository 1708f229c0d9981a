package dev.sampo.simulation;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.apache.pekko.actor.ActorPath;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.dispatch.Mailbox;
import org.jspecify.annotations.Nullable;

/**
 * Everything that is to be done and the time. One thing is done at a time, drawn at random from all
 * that could be done; each takes a little virtual time, and when nothing is left, time jumps to the
 * next timer. What a node's work starts belongs to that node.
 */
final class Schedule implements InstantSource {
  private static final Instant EPOCH = Instant.parse("2020-01-01T00:00:00Z");
  private static final long MOST_NANOS_OF_A_TASK = 1_000_000;
  private static final int JUMP_ONE_IN = 400; // turns at which time jumps although there is work

  private static final int MOST_LEFT = 1_000_000;

  private record Task(Runnable work, Place place) {}

  private static final class Timer implements Comparable<Timer>, Cancellable {
    private final long due;
    private final long order;
    private final Runnable work;
    private final Place place;
    private boolean cancelled;
    private boolean fired;

    Timer(long due, long order, Runnable work, Place place) {
      this.due = due;
      this.order = order;
      this.work = work;
      this.place = place;
    }

    @Override
    public int compareTo(Timer other) {
      int byTime = Long.compare(due, other.due);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }

    @Override
    public boolean cancel() {
      boolean inTime = !cancelled && !fired;
      cancelled = true;
      return inTime;
    }

    @Override
    public boolean isCancelled() {
      return cancelled;
    }
  }

  private final List<Task> ready = new ArrayList<>();
  private final PriorityQueue<Timer> timers = new PriorityQueue<>();
  private final IdentityHashMap<Mailbox, Place> homes = new IdentityHashMap<>();
  private final Map<String, Place> hosts = new HashMap<>();
  private final Thread owner = Thread.currentThread();
  private SplittableRandom random = new SplittableRandom(0);
  private Place current = Place.NOWHERE;
  private long now;
  private long timersStarted;
  private long tasksDone;
  private long digest;
  private @Nullable String intruder;

  /** Forgets everything and begins at time 0. */
  void begin(long seed) {
    ready.clear();
    timers.clear();
    homes.clear();
    hosts.clear();
    random = new SplittableRandom(seed);
    current = Place.NOWHERE;
    now = 0;
    timersStarted = 0;
    tasksDone = 0;
    digest = seed;
  }

  /** Something can be done from now on. */
  void add(Runnable work) {
    checkThread();
    add(new Task(work, placeOf(work)));
  }

  private void add(Task task) {
    if (task.place().isFrozen()) {
      task.place().hold(task.work());
    } else {
      ready.add(task);
    }
  }

  private Place placeOf(Runnable work) {
    return work instanceof Mailbox mailbox
        ? homes.computeIfAbsent(mailbox, this::homeOfUnseen)
        : current;
  }

  private Place homeOfUnseen(Mailbox mailbox) {
    ActorPath path = mailbox.actor().self().path();
    Place host = hosts.get(path.name());
    if (host != null) {
      return host;
    }
    return path.name().equals("user") || path.name().startsWith("StreamSupervisor")
        ? Place.NOWHERE
        : current;
  }

  /** The actor of this name, and all that it starts, will belong to {@code place}. */
  void settle(String actor, Place place) {
    hosts.put(actor, place);
  }

  /** Something can be done after a while, by the node that is at work now. */
  Cancellable after(Duration delay, Runnable work) {
    return after(delay, current, work);
  }

  /** Something can be done after a while, by {@code place}. */
  Cancellable after(Duration delay, Place place, Runnable work) {
    checkThread();
    Timer timer = new Timer(now + delay.toNanos(), timersStarted++, work, place);
    timers.add(timer);
    return timer;
  }

  /** Does something at once, as if {@code place} did it. */
  void at(Place place, Runnable work) {
    Place before = current;
    current = place;
    try {
      work.run();
    } finally {
      current = before;
    }
  }

  /** Lets a node that was frozen go on. */
  void thaw(Place place) {
    place.thaw().forEach(work -> add(new Task(work, place)));
  }

  private void bury(Place place) {
    place.bury().forEach(work -> add(new Task(work, place)));
  }

  /** Does one thing. Returns false when there is nothing to do, ever. */
  boolean step() {
    if (ready.isEmpty() || random.nextInt(JUMP_ONE_IN) == 0) {
      jump();
    }
    fireDueTimers();
    if (ready.isEmpty()) {
      return !timers.isEmpty();
    }
    int chosen = random.nextInt(ready.size());
    now += random.nextLong(MOST_NANOS_OF_A_TASK);
    Task task = ready.get(chosen);
    if (task.place().slowness() > 1 && random.nextInt(task.place().slowness()) > 0) {
      return true;
    }
    Task last = ready.removeLast();
    if (chosen < ready.size()) {
      ready.set(chosen, last);
    }
    tasksDone++;
    digest = (digest * 31 + chosen) * 31 + now;
    at(task.place(), task.work());
    return true;
  }

  private void jump() {
    dropCancelled();
    Timer next = timers.peek();
    if (next != null && next.due > now) {
      now = next.due;
    }
  }

  private void fireDueTimers() {
    dropCancelled();
    while (!timers.isEmpty() && timers.element().due <= now) {
      Timer timer = timers.remove();
      timer.fired = true;
      add(new Task(timer.work, timer.place));
      dropCancelled();
    }
  }

  private void dropCancelled() {
    while (!timers.isEmpty() && timers.element().cancelled) {
      timers.remove();
    }
  }

  /** Does what is left, by whomever, without time going on, until there is nothing. */
  void finish(Collection<Place> places) {
    for (int i = 0; i < MOST_LEFT; i++) {
      places.forEach(this::bury);
      if (ready.isEmpty()) {
        return;
      }
      Task task = ready.removeFirst();
      at(task.place(), task.work());
    }
    throw new IllegalStateException("there is always something left to do");
  }

  /** Time since the beginning. */
  Duration elapsed() {
    return Duration.ofNanos(now);
  }

  long nanos() {
    return now;
  }

  @Override
  public Instant instant() {
    return EPOCH.plusNanos(now);
  }

  /** How many things were done. */
  long tasksDone() {
    return tasksDone;
  }

  /** Equal for equal orders of events, and hardly for others. */
  long digest() {
    return digest;
  }

  /** The node that is at work. */
  Place current() {
    return current;
  }

  private void checkThread() {
    if (Thread.currentThread() != owner) {
      intruder = Thread.currentThread().getName();
      throw new IllegalStateException("thread " + intruder + " takes part in the simulation");
    }
  }

  /** The name of a thread that tried to take part; null if there was none. */
  @Nullable String intruder() {
    return intruder;
  }
}
