package dev.sampo.learner.objective;

import dev.sampo.learner.advantage.AdvantageSettings;
import dev.sampo.learner.advantage.Deviation;
import dev.sampo.learner.advantage.GroupFilter;
import dev.sampo.learner.advantage.OverlongPenalty;
import dev.sampo.learner.advantage.RewardCombination;
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
                "kept = 0 where A < 0 and mean(u - p) > " + Numbers.text(delta) + ", else 1"));
    if (settings.needsReference()) {
      lines.add("kl   = " + divergence());
    }
    lines.add("A    = " + advantage());
    addShaping(lines);
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
          .append(Numbers.text(100 * settings.entropy().topShare()))
          .append(" %] ");
    }
    token.append("term");
    if (settings.needsReference()) {
      token.append(" + ").append(Numbers.text(settings.kl().beta()));
      token.append(settings.kl().timesRatio() ? " r kl" : " kl");
    }
    String mean = aggregation(token.toString());
    double bonus = settings.entropy().bonus();
    return bonus > 0 ? mean + " - " + Numbers.text(bonus) + " mean over tokens(H)" : mean;
  }

  private String aggregation(String token) {
    Aggregation aggregation = settings.aggregation();
    String completions =
        aggregation.countEmpty()
            ? "mean over completions"
            : "mean over completions with live tokens";
    return switch (aggregation.kind()) {
      case SEQUENCE_MEAN -> completions + "(mean over tokens(" + token + "))";
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
                ? "min(r, " + Numbers.text(clip.delta().getAsDouble()) + ") A"
                : "r A";
        String clipped =
            "-min(%s, clip(r, %s, %s) A)"
                .formatted(free, Numbers.text(1 - clip.low()), Numbers.text(1 + clip.high()));
        yield clip.dual().isEmpty()
            ? clipped
            : "%s; where A < 0 at most %s |A|"
                .formatted(clipped, Numbers.text(clip.dual().getAsDouble()));
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
    String value =
        switch (kl.estimator()) {
          case K1 -> "p - q";
          case K2 -> "(p - q)^2 / 2";
          case K3 -> "exp(q - p) - (q - p) - 1";
        };
    String bounded =
        kl.limit().isPresent()
            ? "%s, clamped to +-%s".formatted(value, Numbers.text(kl.limit().getAsDouble()))
            : value;
    return bounded
        + (kl.straightThrough() ? ", with the gradient p - q" : "")
        + ", q: the reference";
  }

  private String advantage() {
    AdvantageSettings advantage = settings.advantage();
    String epsilon = Numbers.text(advantage.epsilon());
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
          "(%s) / (std of the others + %s), std %s".formatted(above, epsilon, std());
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
                  Numbers.text(overlong.factor()),
                  longest,
                  overlong.buffer(),
                  overlong.buffer(),
                  overlong.bounded() ? ", at most " + Numbers.text(overlong.factor()) : ""));
    }
    GroupFilter filter = settings.filter();
    filter
        .minStd()
        .ifPresent(
            std -> lines.add("left out: groups with a std of " + Numbers.text(std) + " or less"));
    filter
        .minMean()
        .ifPresent(mean ->
            lines.add("left out: groups with a mean of " + Numbers.text(mean) + " or less"));
    filter
        .maxMean()
        .ifPresent(mean ->
            lines.add("left out: groups with a mean of " + Numbers.text(mean) + " or more"));
    if (filter.truncated()) {
      lines.add("left out: tokens of truncated completions");
    }
  }
}
