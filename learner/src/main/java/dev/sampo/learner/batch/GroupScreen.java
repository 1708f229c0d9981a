package dev.sampo.learner.batch;

import dev.sampo.learner.advantage.Advantages;
import dev.sampo.learner.advantage.CompletionUse;
import dev.sampo.learner.advantage.GroupAdvantages;
import dev.sampo.protocol.ScoredGroup;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Tells groups that an update learns from, from those whose place another group should take
 * (dynamic sampling: DAPO, arXiv:2503.14476, section 3.2).
 *
 * @param advantages says what is left out of an update
 */
public record GroupScreen(Advantages advantages) {

  /**
   * Why nothing of a group would be trained on, by the filter of the objective; empty if something
   * is.
   */
  public Optional<String> whyUseless(ScoredGroup group) {
    GroupAdvantages result =
        advantages
            .of(
                List.of(TrainingBatch.outcomes(group, new double[group.scores().size()])),
                group.group().sampling().maxTokens())
            .getFirst();
    if (result.leftOut().isPresent()) {
      return result
          .leftOut()
          .map(reason -> reason.name().toLowerCase(Locale.ROOT).replace('_', ' '));
    }
    return result.uses().contains(CompletionUse.LIVE) ? Optional.empty() : Optional.of("truncated");
  }
}
