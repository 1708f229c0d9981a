package dev.sampo.learner.objective;

import dev.sampo.learner.advantage.AdvantageSettings;
import dev.sampo.learner.advantage.Deviation;
import dev.sampo.learner.advantage.GroupFilter;
import dev.sampo.learner.advantage.OverlongPenalty;
import dev.sampo.learner.advantage.RewardCombination;
import dev.sampo.learner.option.OptionText;
import java.util.ArrayList;
import java.util.List;

/** Writes {@link ObjectiveSettings} as the formula that they are, constants included. */
record ObjectiveFormula(ObjectiveSettings settings) {

  String text() {
    List<String> lines = new ArrayList<>();
    lines.add("loss = " + loss());
    lines.add("term = " + term());
    lines.add("r    = " + ratio());
    if (settings.mismatch().isPresent()) {
      lines.add("w    = " + mismatch());
    }
    settings
        .offPolicyDelta()
        .ifPresent(delta ->
            lines.add(
                "kept = 0 where A < 0 and mean(u - p) > " + OptionText.of(delta) + ", else 1"));
    if (settings.needsReference()) {
      lines.add("kl   = " + divergence());
    }
    lines.add("A    = " + advantage());
    addShaping(lines);
    lines.add("exponents stop at " + OptionText.of(PolicyObjective.LARGEST_EXPONENT));
    return String.join("\n", lines);
  }

  private String loss() {
    StringBuilder token = new StringBuilder();
    if (settings.mismatch().isPresent()) {
      token.append("w ");
    }
    if (settings.offPolicyDelta().isPresent()) {
      token.append("kept ");
    }
    if (settings.entropy().topShare() < 1) {
      token
          .append("[H in top ")
          .append(OptionText.of(100 * settings.entropy().topShare()))
          .append(" % before the updates] ");
    }
    token.append("term");
    if (settings.kl().isInLoss()) {
      token.append(" + ").append(OptionText.of(settings.kl().beta()));
      token.append(settings.kl().timesRatio() ? " r kl" : " kl");
    }
    String mean = aggregation(token.toString());
    double bonus = settings.entropy().bonus();
    return bonus > 0 ? mean + " - " + OptionText.of(bonus) + " mean over tokens(H)" : mean;
  }

  private String aggregation(String token) {
    Aggregation aggregation = settings.aggregation();
    String completions =
        aggregation.countEmpty()
            ? "mean over completions"
            : "mean over completions with live tokens";
    return switch (aggregation.kind()) {
      case SEQUENCE_MEAN ->
          completions
              + (aggregation.countEmpty()
                  ? "(mean over tokens(" + token + "))"
                  : "(sum over tokens(%s) / (tokens + %s))"
                      .formatted(token, OptionText.of(LossScale.EMPTY_GUARD)));
      case SEQUENCE_SUM -> completions + "(sum over tokens(" + token + "))";
      case FIXED_LENGTH ->
          completions
              + "(sum over tokens("
              + token
              + ")) / "
              + (aggregation.length().isPresent()
                  ? aggregation.length().getAsInt()
                  : "sampling.max-tokens");
      case PROMPT_MEAN -> "mean over prompts(mean over tokens of the prompt(" + token + "))";
      case TOKEN_MEAN -> "mean over all tokens of the update(" + token + ")";
      case TOKEN_SUM -> "sum over tokens(" + token + ")";
    };
  }

  private String term() {
    return switch (settings.surrogate()) {
      case CLIP -> {
        ClipSettings clip = settings.clip();
        String free =
            clip.delta().isPresent()
                ? "min(r, " + OptionText.of(clip.delta().getAsDouble()) + ") A"
                : "r A";
        String clipped =
            "-min(%s, clip(r, %s, %s) A)"
                .formatted(free, OptionText.of(1 - clip.low()), OptionText.of(1 + clip.high()));
        yield clip.dual().isEmpty()
            ? clipped
            : "%s; where A < 0 at most %s |A|"
                .formatted(clipped, OptionText.of(clip.dual().getAsDouble()));
      }
      case CISPO ->
          settings.cispo().isEmpty()
              ? "-sg(r) A p"
              : "-sg(clamp(r to " + settings.cispo() + ")) A p";
      case UNCLIPPED -> "-r A";
    };
  }

  private String ratio() {
    String anchor = settings.anchor() == RatioAnchor.OLD ? "o" : "u";
    return switch (settings.ratio()) {
          case TOKEN -> "exp(p - " + anchor + ")";
          case SEQUENCE -> "exp(mean over tokens(p - " + anchor + "))";
          case SEQUENCE_TOKEN -> "sg(exp(mean over tokens(p - " + anchor + "))) exp(p - sg(p))";
        }
        + (settings.anchor() == RatioAnchor.OLD
            ? ", o: the policy before the updates of the batch"
            : ", u: the policy that sampled the token");
  }

  private String mismatch() {
    MismatchWeights mismatch = settings.mismatch();
    String raw =
        switch (mismatch.level()) {
          case NONE -> "1";
          case TOKEN -> "exp(o - u)";
          case SEQUENCE_SUM -> "exp(sum over tokens(o - u))";
          case SEQUENCE_MEAN -> "exp(mean over tokens(o - u))";
        };
    String bounded =
        switch (mismatch.action()) {
          case TRUNCATE ->
              mismatch.bounds().isEmpty() ? raw : raw + " clamped to " + mismatch.bounds();
          case MASK -> raw + ", 0 outside " + mismatch.bounds();
        };
    return mismatch.normalise() ? bounded + ", divided by its mean over tokens" : bounded;
  }

  private String divergence() {
    KlSettings kl = settings.kl();
    String policy = kl.isInReward() ? "u" : "p";
    String value =
        switch (kl.estimator()) {
          case K1 -> "%s - q";
          case K2 -> "(%s - q)^2 / 2";
          case K3 -> "exp(q - %1$s) - (q - %1$s) - 1";
        };
    value = value.formatted(policy);
    String bounded =
        kl.limit().isPresent()
            ? "%s, clamped to +-%s".formatted(value, OptionText.of(kl.limit().getAsDouble()))
            : value;
    return bounded
        + (kl.straightThrough() ? ", with the gradient p - q" : "")
        + (kl.isInReward() ? ", u: the policy that sampled the token" : "")
        + ", q: the reference";
  }

  private String advantage() {
    AdvantageSettings advantage = settings.advantage();
    String epsilon = OptionText.of(advantage.epsilon());
    if (advantage.rewards() == RewardCombination.NORMALISE_FIRST) {
      return "normalise over the batch(sum of weight (r_k - mean_k of the group) / (std_k of the group + %s)), std %s, epsilon %s"
          .formatted(epsilon, std(), epsilon);
    }
    String above =
        switch (advantage.baseline()) {
          case NONE -> "reward";
          case GROUP_MEAN -> "reward - mean of the group";
          case LEAVE_ONE_OUT -> "reward - mean of the others";
        };
    return switch (advantage.scale()) {
      case NONE -> above;
      case GROUP_STD -> "(%s) / (std of the group + %s), std %s".formatted(above, epsilon, std());
      case LEAVE_ONE_OUT_STD ->
          "(%s) / (std of the others + %s) where that std is above 0, else %s, std %s"
              .formatted(above, epsilon, above, std());
      case BATCH_STD ->
          "(%s) / (std of the batch's rewards + %s), std %s".formatted(above, epsilon, std());
      case BATCH_CENTRED_STD ->
          "x / (std of x over the batch + %s), x = %s, std %s".formatted(epsilon, above, std());
      case TOKEN_WHITENING ->
          "(x - mean) / sqrt(variance + %s) over all tokens, x = %s, variance %s"
              .formatted(epsilon, above, std());
    };
  }

  private String std() {
    return settings.advantage().deviation() == Deviation.UNBIASED ? "over n - 1" : "over n";
  }

  private void addShaping(List<String> lines) {
    OverlongPenalty overlong = settings.overlong();
    if (overlong.isPresent()) {
      String longest =
          overlong.longest().isPresent()
              ? String.valueOf(overlong.longest().getAsInt())
              : "sampling.max-tokens";
      lines.add(
          "reward of n tokens: minus %s max(0, n - (%s - %d)) / %d%s"
              .formatted(
                  OptionText.of(overlong.factor()),
                  longest,
                  overlong.buffer(),
                  overlong.buffer(),
                  overlong.bounded() ? ", at most " + OptionText.of(overlong.factor()) : ""));
    }
    if (settings.kl().isInReward()) {
      lines.add(
          "reward: minus %s sum over tokens(kl), after groups are left out"
              .formatted(OptionText.of(settings.kl().beta())));
    }
    GroupFilter filter = settings.filter();
    filter
        .minStd()
        .ifPresent(
            std -> lines.add("left out: groups with a std of " + OptionText.of(std) + " or less"));
    filter
        .minMean()
        .ifPresent(mean ->
            lines.add("left out: groups with a mean of " + OptionText.of(mean) + " or less"));
    filter
        .maxMean()
        .ifPresent(mean ->
            lines.add("left out: groups with a mean of " + OptionText.of(mean) + " or more"));
    if (filter.truncated()) {
      lines.add("left out: tokens of truncated completions");
    }
  }
}
