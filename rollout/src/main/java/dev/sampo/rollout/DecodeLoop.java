package dev.sampo.rollout;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.protocol.Completion;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.SamplingSettings;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.GenerationCache;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Continuous batching: groups enter and leave while others decode.
 *
 * <pre>
 * admit -> waiting --prefill--> running --one token per row and step--> finished
 *          (a slot is taken)    (finished rows leave the batch)        (the slot is free)
 * </pre>
 *
 * <p>Low slots are taken first, so that the rows of a half-empty loop lie close together in the
 * cache. Not thread-safe.
 *
 * <p>Sums are rounded in an order that depends on the shape of a native call and on a row's place
 * in it. Where groups go {@link Batching#APART}, every call has the rows of one group, all of them
 * until the last has ended: its shape, and the place of a row, follow from the group alone, and so
 * do the bits.
 *
 * @param <T> what the caller knows a group by
 */
final class DecodeLoop<T> implements AutoCloseable {
  private final GenerationCache cache;
  private final NDManager manager;
  private final AnswerTokens answers;
  private final TokenSampler sampler;
  private final int prefillTokens;
  private final Batching batching;
  private final TreeSet<Integer> freeSlots = new TreeSet<>();
  private final Deque<DecodeGroup<T>> waiting = new ArrayDeque<>();
  private final SortedMap<Integer, DecodeGroup<T>> running = new TreeMap<>(); // by slot
  private long numSampledTokens;

  /**
   * @param cache closed with the loop
   * @param manager on the device of the cache; closed with the loop
   * @param prefillTokens see {@link RolloutSettings#prefillTokens}
   */
  DecodeLoop(
      GenerationCache cache,
      NDManager manager,
      AnswerTokens answers,
      int prefillTokens,
      Batching batching) {
    this.cache = cache;
    this.manager = manager;
    this.answers = answers;
    this.sampler = new TokenSampler(answers.endTokens());
    this.prefillTokens = prefillTokens;
    this.batching = batching;
    IntStream.range(0, cache.capacity().slots()).forEach(freeSlots::add);
  }

  /** Which groups a native call works on. */
  enum Batching {
    /** All, in their unfinished rows: fastest. */
    TOGETHER,
    /** One, in all its rows: the same bits whatever else is generated. */
    APART
  }

  /**
   * A group to generate.
   *
   * @param seed completion {@code i} samples its {@code t}-th token at (seed, i, t)
   * @param listener told of every token
   */
  record Request<T>(
      T ticket,
      EncodedPrompt prompt,
      int numCompletions,
      SamplingSettings sampling,
      long seed,
      TokenListener listener) {

    /** A group that nobody follows while it grows. */
    Request(
        T ticket, EncodedPrompt prompt, int numCompletions, SamplingSettings sampling, long seed) {
      this(ticket, prompt, numCompletions, sampling, seed, TokenListener.NOBODY);
    }
  }

  /** Told of a token as soon as it is sampled, before the next native call. */
  @FunctionalInterface
  interface TokenListener {
    TokenListener NOBODY = (completion, token) -> {};

    void sampled(int completion, int token);
  }

  /** A group that is done, its completions in order. */
  record Finished<T>(T ticket, EncodedPrompt prompt, List<Completion> completions) {}

  int numFreeSlots() {
    return freeSlots.size();
  }

  boolean isIdle() {
    return waiting.isEmpty() && running.isEmpty();
  }

  /** Tokens sampled since the start, cancelled groups included. */
  long numSampledTokens() {
    return numSampledTokens;
  }

  /**
   * Takes a slot for the group; the next steps generate it.
   *
   * @throws IllegalArgumentException if the group does not fit into the cache
   * @throws IllegalStateException if no slot is free
   */
  void admit(Request<T> request) {
    requireFit(request);
    Integer slot = freeSlots.pollFirst();
    if (slot == null) {
      throw new IllegalStateException(
          "all " + cache.capacity().slots() + " groups in flight are taken");
    }
    waiting.add(DecodeGroup.of(request, slot));
  }

  /**
   * Takes in waiting prompts and samples one token for every running row.
   *
   * @param version the policy that the cache's model holds now
   * @return the groups that this step finished, by slot
   */
  List<Finished<T>> step(PolicyVersion version) {
    try (NDManager scope = manager.newSubManager()) {
      prefill(version, scope);
      decode(version, scope);
    }
    return leave(DecodeGroup::isFinished).stream()
        .map(group -> new Finished<>(group.ticket(), group.prompt(), group.completions(answers)))
        .toList();
  }

  /** Drops a group; whether there was one. */
  boolean cancel(T ticket) {
    for (DecodeGroup<T> group : List.copyOf(waiting)) {
      if (group.ticket().equals(ticket)) {
        waiting.remove(group);
        freeSlots.add(group.slot());
        return true;
      }
    }
    return !leave(group -> group.ticket().equals(ticket)).isEmpty();
  }

  Optional<DecodeGroup<T>> find(T ticket) {
    return Stream.concat(waiting.stream(), running.values().stream())
        .filter(group -> group.ticket().equals(ticket))
        .findFirst();
  }

  private void prefill(PolicyVersion version, NDManager scope) {
    for (List<DecodeGroup<T>> batch : batches(nextToPrefill())) {
      try (NDManager inner = scope.newSubManager()) {
        prefill(batch, version, inner);
      }
    }
  }

  private void prefill(List<DecodeGroup<T>> entering, PolicyVersion version, NDManager scope) {
    NDArray logits =
        cache.prefill(
            entering.stream().map(DecodeGroup::prompt).toList(),
            entering.stream().mapToInt(DecodeGroup::slot).toArray(),
            scope); // [n, V]
    List<DecodeRow> rows = new ArrayList<>();
    LongStream.Builder source = LongStream.builder();
    for (int i = 0; i < entering.size(); i++) {
      for (DecodeRow row : entering.get(i).rows()) {
        rows.add(row);
        source.add(i);
      }
      running.put(entering.get(i).slot(), entering.get(i));
    }
    numSampledTokens += sampler.sample(logits, rows, source.build().toArray(), version, scope);
  }

  /** The groups that native calls work on, one call after the other. */
  private List<List<DecodeGroup<T>>> batches(List<DecodeGroup<T>> groups) {
    return switch (batching) {
      case TOGETHER -> groups.isEmpty() ? List.of() : List.of(groups);
      case APART -> groups.stream().map(List::of).toList();
    };
  }

  private List<DecodeGroup<T>> nextToPrefill() {
    List<DecodeGroup<T>> entering = new ArrayList<>();
    int budget = prefillTokens;
    while (!waiting.isEmpty()
        && (entering.isEmpty() || waiting.peek().prompt().length() <= budget)) {
      DecodeGroup<T> group = waiting.remove();
      budget -= group.prompt().length();
      entering.add(group);
    }
    return entering;
  }

  private void decode(PolicyVersion version, NDManager scope) {
    List<DecodeGroup<T>> unfinished =
        running.values().stream().filter(group -> !group.isFinished()).toList();
    for (List<DecodeGroup<T>> batch : batches(unfinished)) {
      try (NDManager inner = scope.newSubManager()) {
        decode(batch, version, inner);
      }
    }
  }

  private void decode(List<DecodeGroup<T>> groups, PolicyVersion version, NDManager scope) {
    int rowsPerSlot = cache.capacity().rowsPerSlot();
    List<DecodeRow> rows = new ArrayList<>();
    IntStream.Builder cacheRows = IntStream.builder();
    for (DecodeGroup<T> group : groups) {
      for (int i = 0; i < group.rows().size(); i++) {
        // Apart, rows that have ended go on beside the others, unread.
        if (batching == Batching.APART || !group.rows().get(i).isFinished()) {
          rows.add(group.rows().get(i));
          cacheRows.add(group.slot() * rowsPerSlot + i);
        }
      }
    }
    int[] tokens = rows.stream().mapToInt(DecodeRow::lastToken).toArray();
    NDArray logits = cache.decode(cacheRows.build().toArray(), tokens, scope); // [R, V]
    long[] all = LongStream.range(0, rows.size()).toArray();
    numSampledTokens += sampler.sample(logits, rows, all, version, scope);
  }

  /** Removes the running groups that match, freeing their slots. */
  private List<DecodeGroup<T>> leave(Predicate<DecodeGroup<T>> matches) {
    List<DecodeGroup<T>> leaving = running.values().stream().filter(matches).toList();
    for (DecodeGroup<T> group : leaving) {
      running.remove(group.slot());
      freeSlots.add(group.slot());
    }
    return leaving;
  }

  private void requireFit(Request<T> request) {
    GenerationCache.Capacity room = cache.capacity();
    requireAtMost("completions of the group", request.numCompletions(), room.rowsPerSlot());
    if (batching == Batching.APART && request.numCompletions() < room.rowsPerSlot()) {
      throw new IllegalArgumentException(
          "completions of the group: deterministic, always %d, got %d"
              .formatted(room.rowsPerSlot(), request.numCompletions()));
    }
    requireAtMost("tokens of the prompt", request.prompt().length(), room.maxPromptTokens());
    requireAtMost("max-tokens", request.sampling().maxTokens(), room.maxCompletionTokens());
  }

  private static void requireAtMost(String what, int got, int limit) {
    if (got > limit) {
      throw new IllegalArgumentException(what + ": at most " + limit + ", got " + got);
    }
  }

  @Override
  public void close() {
    cache.close();
    manager.close();
  }
}
