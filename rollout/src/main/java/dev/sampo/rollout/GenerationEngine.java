package dev.sampo.rollout;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.TokenIds;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.ops.NativeThreads;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Consumer;

/**
 * Generates the groups of leases with one model, step by step: between two steps groups may be
 * admitted or cancelled and the weights replaced. What a group samples depends on its seed, its
 * prompt and the weights, not on when it was admitted or what runs beside it: to the bit if the
 * settings are {@link RolloutSettings#deterministic}, else up to the rounding of matrix products of
 * other sizes.
 *
 * <p>Not thread-safe: the constructor and every method run on the thread that owns the model. The
 * constructor sets that thread's number of native threads.
 */
public final class GenerationEngine implements AutoCloseable {
  private final VisionLanguageModel model;
  private final String worker;
  private final DecodeLoop<LeaseId> loop;
  private final Map<LeaseId, RolloutLease> leases = new HashMap<>();
  private PolicyVersion version;

  /**
   * @param model generates, and stays the caller's to close, after the engine
   * @param maxTokens longest completion of any lease
   * @param version the policy that the model holds now
   * @param worker how the groups name their worker
   */
  public GenerationEngine(
      VisionLanguageModel model,
      AnswerTokens answers,
      RolloutSettings settings,
      int maxTokens,
      PolicyVersion version,
      String worker) {
    NativeThreads.use(settings.threads());
    this.model = model;
    this.worker = worker;
    this.version = version;
    this.loop =
        new DecodeLoop<>(
            model.newCache(settings.capacity(maxTokens)),
            NDManager.newBaseManager(model.device()),
            answers,
            settings.prefillTokens(),
            settings.batching());
  }

  /**
   * How far a group is.
   *
   * @param numTokens sampled so far, over all completions
   * @param oldestStep optimizer step of the oldest policy that sampled one of them; the step of the
   *     weights in use if there is none yet
   */
  public record Progress(long numTokens, long oldestStep) {}

  /** Groups that can be admitted now. */
  public int numFreeSlots() {
    return loop.numFreeSlots();
  }

  /** Whether a step would have nothing to do. */
  public boolean isIdle() {
    return loop.isIdle();
  }

  /** Tokens sampled since the start, cancelled groups included. */
  public long numSampledTokens() {
    return loop.numSampledTokens();
  }

  /** The policy that samples the next token. */
  public PolicyVersion version() {
    return version;
  }

  /**
   * Takes a slot for a group; the next steps generate it.
   *
   * @param prompt the prompt of the lease with its images, encoded
   * @throws IllegalArgumentException if the group does not fit the settings; the message names the
   *     prompt's source
   * @throws IllegalStateException if no slot is free or the lease is held already
   */
  public void admit(RolloutLease lease, EncodedPrompt prompt) {
    if (leases.containsKey(lease.id())) {
      throw new IllegalStateException("lease " + lease.id() + " is generated already");
    }
    try {
      loop.admit(
          new DecodeLoop.Request<>(
              lease.id(), prompt, lease.numCompletions(), lease.sampling(), lease.seed()));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(lease.prompt().source() + ": " + e.getMessage(), e);
    }
    leases.put(lease.id(), lease);
  }

  /**
   * Takes in prompts that wait and samples one token for every running completion.
   *
   * @return the groups that are finished now
   */
  public List<CompletionGroup> step() {
    return loop.step(version).stream().map(this::group).toList();
  }

  /** Drops a group; whether it was held. */
  public boolean cancel(LeaseId lease) {
    leases.remove(lease);
    return loop.cancel(lease);
  }

  /** How far a group is; empty if it is not held. */
  public Optional<Progress> progress(LeaseId lease) {
    return loop.find(lease)
        .map(
            group -> new Progress(group.numTokens(), Math.min(group.oldestStep(), version.step())));
  }

  /**
   * Replaces the weights. Groups in flight go on: their keys and values stay, their next tokens
   * come from the new weights and carry the new version.
   *
   * @param write overwrites {@link VisionLanguageModel#parameters}; if it throws, the version stays
   */
  public void install(PolicyVersion version, Consumer<SortedMap<String, NDArray>> write) {
    write.accept(model.parameters());
    this.version = version;
  }

  private CompletionGroup group(DecodeLoop.Finished<LeaseId> finished) {
    RolloutLease lease = leases.remove(finished.ticket());
    if (lease == null) {
      throw new IllegalStateException("no lease for a finished group: " + finished.ticket());
    }
    EncodedPrompt prompt = finished.prompt();
    return new CompletionGroup(
        lease.id(),
        lease.prompt(),
        TokenIds.of(prompt.tokenIds()),
        ImageGrids.of(prompt, model.settings().boxFrame()),
        lease.sampling(),
        lease.seed(),
        finished.completions(),
        worker);
  }

  @Override
  public void close() {
    loop.close();
  }
}
