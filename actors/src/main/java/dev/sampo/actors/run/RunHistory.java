package dev.sampo.actors.run;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.StepCommitted;
import dev.sampo.protocol.ledger.LedgerEvent;
import dev.sampo.protocol.ledger.LedgerSnapshot;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The terms and versions of a run. Steps that a learner abandoned are not part of its history: what
 * their weights sampled is not learned from, what they learned from is asked again.
 */
public final class RunHistory {

  private final List<LedgerEvent.TermOpened> terms = new ArrayList<>();
  private final SortedMap<Long, PolicyVersion> versions = new TreeMap<>(); // by step
  private Optional<LedgerEvent.RunOpened> run = Optional.empty();
  private Optional<PolicyVersion> published = Optional.empty();

  /** Takes over what a snapshot says, before any event. */
  void restore(LedgerSnapshot snapshot) {
    run = Optional.of(snapshot.run());
    terms.addAll(snapshot.terms());
    snapshot.versions().forEach(version -> versions.put(version.step(), version));
    published = snapshot.published();
  }

  void apply(LedgerEvent.RunOpened opened) {
    if (run.isPresent()) {
      throw new IllegalStateException("the run is open: " + run.get() + ", not " + opened);
    }
    run = Optional.of(opened);
  }

  void apply(LedgerEvent.TermOpened opened) {
    PolicyVersion from = opened.from();
    requireRun(from);
    require(opened.term() > term(), "term %d follows term %d", opened.term(), term());
    require(
        from.step() >= oldestStep(),
        "it knows nothing before step %d, and the learner holds step %d",
        oldestStep(),
        from.step());
    long last = from.step() + opened.abandonedSteps().size();
    require(
        last == step(), "term %d accounts for steps up to %d of %d", opened.term(), last, step());
    if (opened.abandonedSteps().isEmpty()) {
      require(
          version().map(from::equals).orElse(true),
          "the learner holds %s, not %s",
          from,
          version());
    } else {
      require(from.term() > learnerTerm(), "a learner that abandons steps opens a term of its own");
    }
    versions.tailMap(from.step()).clear();
    versions.put(from.step(), from);
    published = published.filter(version -> version.equals(versions.get(version.step())));
    terms.add(opened);
  }

  void apply(StepCommitted step) {
    PolicyVersion next = step.version();
    requireRun(next);
    PolicyVersion before =
        version().orElseThrow(() -> new IllegalStateException("a step before any term: " + next));
    require(
        next.term() == before.term() && next.step() == before.step() + 1,
        "step %d of learner term %d committed after step %d of term %d",
        next.step(),
        next.term(),
        before.step(),
        before.term());
    versions.put(next.step(), next);
  }

  void apply(LedgerEvent.StepSkipped event) {
    require(event.step() == step() + 1, "%s after step %d", event, step());
  }

  void apply(LedgerEvent.VersionPublished event) {
    require(
        event.version().equals(versions.get(event.version().step())),
        "%s was published and is not committed",
        event.version());
    published = Optional.of(event.version());
  }

  /** What the run was opened with; empty before its first event. */
  public Optional<LedgerEvent.RunOpened> run() {
    return run;
  }

  /** The newest coordinator's term; 0 before the first. */
  public long term() {
    return terms.isEmpty() ? 0 : terms.getLast().term();
  }

  /** All terms, in order. */
  public List<LedgerEvent.TermOpened> terms() {
    return Collections.unmodifiableList(terms);
  }

  /** The newest committed version, or what the newest term began with. */
  public Optional<PolicyVersion> version() {
    return versions.isEmpty() ? Optional.empty() : Optional.of(versions.lastEntry().getValue());
  }

  /** The newest version that the workers were told of; empty if that was abandoned since. */
  public Optional<PolicyVersion> published() {
    return published;
  }

  /** Optimizer steps that count. */
  public long step() {
    return versions.isEmpty() ? 0 : versions.lastKey();
  }

  /** The newest and the published version are needed, and those between. */
  long lastToForget() {
    return Math.min(step(), published.map(PolicyVersion::step).orElse(step()));
  }

  /** Forgets the versions before a step. */
  void forgetBefore(long step) {
    versions.headMap(step).clear();
  }

  /** The oldest step that a learner can go back to; what was before it is not known. */
  public long oldestStep() {
    return versions.isEmpty() ? 0 : versions.firstKey();
  }

  /** The version that a step ended in, for the steps that count and are known. */
  public Optional<PolicyVersion> versionAt(long step) {
    return Optional.ofNullable(versions.get(step));
  }

  /**
   * The versions that count, by step, from the one of a step on; the newest and the published one
   * are among them in any case.
   */
  List<PolicyVersion> versionsFrom(long step) {
    return List.copyOf(versions.tailMap(Math.min(step, lastToForget())).values());
  }

  private int learnerTerm() {
    return version().map(PolicyVersion::term).orElse(0);
  }

  /**
   * Whether what this version sampled may be learned from: it is of this run, and no later learner
   * began before it.
   */
  public boolean isPartOf(PolicyVersion version) {
    return run.map(opened -> opened.runId().equals(version.runId())).orElse(false)
        && version.term() <= learnerTerm()
        && version.step() <= step()
        && terms.stream()
            .noneMatch(later ->
                later.from().term() > version.term() && later.from().step() < version.step());
  }

  /** The first term whose leases still count: none of its history is abandoned. */
  public long firstTermOfLeases() {
    return terms.stream()
        .filter(term -> !term.abandonedSteps().isEmpty())
        .mapToLong(LedgerEvent.TermOpened::term)
        .max()
        .orElse(1);
  }

  private void requireRun(PolicyVersion version) {
    require(
        run.isPresent() && run.get().runId().equals(version.runId()),
        "%s is not of the run %s",
        version,
        run);
  }

  @FormatMethod
  private static void require(boolean holds, @FormatString String message, Object... values) {
    if (!holds) {
      throw new IllegalStateException("the ledger does not allow it: " + message.formatted(values));
    }
  }
}
