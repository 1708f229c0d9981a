package dev.sampo.learner.objective;

import dev.sampo.learner.advantage.AdvantageSettings;
import dev.sampo.learner.advantage.Advantages;
import dev.sampo.learner.advantage.GroupFilter;
import dev.sampo.learner.advantage.OverlongPenalty;
import dev.sampo.learner.advantage.RewardCombination;
import dev.sampo.learner.option.OptionText;
import dev.sampo.learner.option.Rules;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;

/**
 * What an update minimises, as orthogonal options. Combinations that mean nothing cannot be made.
 *
 * @param preset what the options started from; it decides nothing by itself
 * @param anchor which policy the ratio is taken to
 * @param ratio what has a ratio
 * @param surrogate how ratio and advantage become a loss
 * @param clip bounds of surrogate clip
 * @param cispo bounds of surrogate cispo
 * @param mismatch weights for the difference between trainer and rollout
 * @param offPolicyDelta a completion with a negative advantage is dropped when the mean of {@code u
 *     - p} over its tokens is above this (off-policy sequence mask, TRL and slime)
 * @param kl divergence from the reference model
 * @param entropy what entropies do
 * @param aggregation how token losses become one number
 * @param advantage how scores become advantages
 * @param filter what is left out
 * @param overlong penalty of long completions
 */
public record ObjectiveSettings(
    ObjectivePreset preset,
    RatioAnchor anchor,
    RatioLevel ratio,
    Surrogate surrogate,
    ClipSettings clip,
    WeightBounds cispo,
    MismatchWeights mismatch,
    OptionalDouble offPolicyDelta,
    KlSettings kl,
    EntropySettings entropy,
    Aggregation aggregation,
    AdvantageSettings advantage,
    GroupFilter filter,
    OverlongPenalty overlong) {
  public ObjectiveSettings {
    Rules.require(
        surrogate == Surrogate.CLIP || (clip.delta().isEmpty() && clip.dual().isEmpty()),
        "surrogate",
        "clip where clip.delta or clip.dual is set",
        OptionText.of(surrogate));
    Rules.require(
        surrogate != Surrogate.CISPO || ratio == RatioLevel.TOKEN,
        "ratio",
        "token where surrogate is cispo",
        OptionText.of(ratio));
    Rules.require(
        !mismatch.isPresent() || anchor == RatioAnchor.OLD,
        "anchor",
        "old where mismatch.level is not none: a ratio to the behaviour policy has that weight in"
            + " it",
        OptionText.of(anchor));
    if (offPolicyDelta.isPresent()) {
      double delta = offPolicyDelta.getAsDouble();
      Rules.require(Double.isFinite(delta), "off-policy-delta", "a finite number", delta);
    }
    Rules.require(
        !overlong.isPresent() || advantage.rewards() == RewardCombination.SUM,
        "overlong",
        "left out where advantage.rewards is normalise-first: there is no total to add it to",
        "buffer " + overlong.buffer());
    Rules.require(
        !kl.isInReward() || advantage.rewards() == RewardCombination.SUM,
        "kl",
        "with place = loss where advantage.rewards is normalise-first: there is no total to take it"
            + " from",
        "place = reward");
  }

  /** Whether updates need log-probs of a reference model. */
  public boolean needsReference() {
    return kl.beta() > 0;
  }

  /**
   * Whether log-probs of the policy before the updates of a batch have a part in the loss. In the
   * first update they are the current ones and may be left out, unless {@link
   * #needsScoresBefore()}.
   */
  public boolean needsOld() {
    return anchor == RatioAnchor.OLD;
  }

  /** Whether a constant of the update needs log-probs or entropies of all its rows beforehand. */
  public boolean needsScoresBefore() {
    return mismatch.normalise() || entropy.topShare() < 1;
  }

  /** Whether entropies carry a gradient. */
  public boolean needsEntropyGradients() {
    return entropy.bonus() > 0;
  }

  /**
   * How scores become advantages.
   *
   * @param rewardWeights weight of every reward function by name
   */
  public Advantages advantages(Map<String, Double> rewardWeights) {
    return new Advantages(advantage, filter, overlong, rewardWeights);
  }

  /** The exact formula of the loss with its constants; several lines. */
  public String formula() {
    return new ObjectiveFormula(this).text();
  }

  ObjectiveSettings withPreset(ObjectivePreset value) {
    return edit(options -> options.preset = value);
  }

  public ObjectiveSettings withSurrogate(Surrogate value) {
    return edit(options -> options.surrogate = value);
  }

  public ObjectiveSettings withClip(ClipSettings value) {
    return edit(options -> options.clip = value);
  }

  public ObjectiveSettings withCispo(WeightBounds value) {
    return edit(options -> options.cispo = value);
  }

  public ObjectiveSettings withMismatch(MismatchWeights value) {
    return edit(options -> options.mismatch = value);
  }

  public ObjectiveSettings withOffPolicyDelta(OptionalDouble value) {
    return edit(options -> options.offPolicyDelta = value);
  }

  public ObjectiveSettings withKl(KlSettings value) {
    return edit(options -> options.kl = value);
  }

  public ObjectiveSettings withEntropy(EntropySettings value) {
    return edit(options -> options.entropy = value);
  }

  public ObjectiveSettings withAggregation(Aggregation value) {
    return edit(options -> options.aggregation = value);
  }

  public ObjectiveSettings withAdvantage(AdvantageSettings value) {
    return edit(options -> options.advantage = value);
  }

  public ObjectiveSettings withFilter(GroupFilter value) {
    return edit(options -> options.filter = value);
  }

  public ObjectiveSettings withRatio(RatioAnchor anchorValue, RatioLevel level) {
    return edit(options -> {
      options.anchor = anchorValue;
      options.ratio = level;
    });
  }

  private ObjectiveSettings edit(Consumer<Options> change) {
    Options options = new Options(this);
    change.accept(options);
    return options.settings();
  }

  /** The options while they change. */
  private static final class Options {
    private ObjectivePreset preset;
    private RatioAnchor anchor;
    private RatioLevel ratio;
    private Surrogate surrogate;
    private ClipSettings clip;
    private WeightBounds cispo;
    private MismatchWeights mismatch;
    private OptionalDouble offPolicyDelta;
    private KlSettings kl;
    private EntropySettings entropy;
    private Aggregation aggregation;
    private AdvantageSettings advantage;
    private GroupFilter filter;
    private OverlongPenalty overlong;

    Options(ObjectiveSettings from) {
      preset = from.preset;
      anchor = from.anchor;
      ratio = from.ratio;
      surrogate = from.surrogate;
      clip = from.clip;
      cispo = from.cispo;
      mismatch = from.mismatch;
      offPolicyDelta = from.offPolicyDelta;
      kl = from.kl;
      entropy = from.entropy;
      aggregation = from.aggregation;
      advantage = from.advantage;
      filter = from.filter;
      overlong = from.overlong;
    }

    ObjectiveSettings settings() {
      return new ObjectiveSettings(
          preset,
          anchor,
          ratio,
          surrogate,
          clip,
          cispo,
          mismatch,
          offPolicyDelta,
          kl,
          entropy,
          aggregation,
          advantage,
          filter,
          overlong);
    }
  }
}
