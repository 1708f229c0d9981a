package dev.sampo.actors.engine;

import dev.sampo.actors.pipeline.Generator;
import dev.sampo.protocol.CompletionGroup;
import dev.sampo.protocol.ImageRef;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.protocol.RolloutLease;
import dev.sampo.protocol.WeightDelta;
import dev.sampo.rollout.Agreement;
import dev.sampo.rollout.AnswerTokens;
import dev.sampo.rollout.GenerationEngine;
import dev.sampo.rollout.RolloutSettings;
import dev.sampo.rollout.WeightInstaller;
import dev.sampo.vlm.EncodedPrompt;
import dev.sampo.vlm.VisionLanguageModel;
import dev.sampo.vlm.image.ImageDecoder;
import dev.sampo.vlm.image.RgbImage;
import dev.sampo.vlm.prompt.VlmProcessor;
import dev.sampo.vlm.weights.transfer.WeightSnapshot;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The rollout engine with a model of its own. */
public final class EngineGenerator implements Generator {
  private final VisionLanguageModel model;
  private final VlmProcessor processor;
  private final GenerationEngine engine;
  private final WeightInstaller weights;
  private final int slots;
  private final AgreementLog agreements;
  private final Map<LeaseId, EncodedPrompt> held = new LinkedHashMap<>();
  private Optional<PolicyVersion> agreedOn = Optional.empty();
  private boolean hasPublishedWeights;

  /**
   * Called on the thread that drives it.
   *
   * @param model gets the published weights; closed with this generator, as is {@code processor}
   * @param maxTokens longest completion of any lease
   * @param worker how groups name this worker
   * @param agreements told once per version how well sampling and scoring agree
   */
  public EngineGenerator(
      VisionLanguageModel model,
      VlmProcessor processor,
      RolloutSettings settings,
      int maxTokens,
      String worker,
      AgreementLog agreements) {
    this.model = model;
    this.processor = processor;
    this.slots = settings.maxGroupsInFlight();
    this.agreements = agreements;
    WeightSnapshot initial = WeightSnapshot.of(model.parameters());
    PolicyVersion unpublished = new PolicyVersion("unpublished", 1, 0, initial.sha256());
    this.engine =
        new GenerationEngine(
            model, AnswerTokens.of(processor), settings, maxTokens, unpublished, worker);
    this.weights = new WeightInstaller(engine, initial);
  }

  @Override
  public int numSlots() {
    return slots;
  }

  @Override
  public Optional<PolicyVersion> version() {
    return hasPublishedWeights ? Optional.of(engine.version()) : Optional.empty();
  }

  @Override
  public Runnable prepareGroup(RolloutLease lease, List<byte[]> images) {
    List<RgbImage> pictures = new ArrayList<>();
    for (int i = 0; i < images.size(); i++) {
      ImageRef image = lease.prompt().images().get(i);
      pictures.add(ImageDecoder.decode(images.get(i), image.sha256()));
    }
    EncodedPrompt prompt = processor.encode(lease.prompt().text(), pictures);
    return () -> {
      engine.admit(lease, prompt);
      held.put(lease.id(), prompt);
    };
  }

  @Override
  public List<CompletionGroup> decode() {
    List<CompletionGroup> finished = engine.step();
    for (CompletionGroup group : finished) {
      EncodedPrompt prompt = held.remove(group.lease());
      if (prompt != null) {
        agreeOnVersion(group, prompt);
      }
    }
    return finished;
  }

  /** Once per version, with the first group that it sampled alone. */
  private void agreeOnVersion(CompletionGroup group, EncodedPrompt prompt) {
    PolicyVersion version = engine.version();
    if (!agreedOn.equals(Optional.of(version)) && Agreement.canBeMeasured(group, version)) {
      agreements.add(version, Agreement.measure(model, prompt, group));
      agreedOn = Optional.of(version);
    }
  }

  @Override
  public void cancel(LeaseId lease) {
    held.remove(lease);
    engine.cancel(lease);
  }

  @Override
  public Map<LeaseId, Progress> running() {
    Map<LeaseId, Progress> all = new LinkedHashMap<>();
    for (LeaseId lease : held.keySet()) {
      engine
          .progress(lease)
          .ifPresent(p -> all.put(lease, new Progress(p.numTokens(), p.oldestStep())));
    }
    return all;
  }

  @Override
  public Runnable prepareWeights(WeightDelta delta, Path folder) {
    WeightInstaller.Update update = weights.prepare(delta, folder);
    return () -> {
      weights.install(update);
      hasPublishedWeights = true;
    };
  }

  @Override
  public void close() {
    engine.close();
    model.close();
    processor.close();
  }
}
