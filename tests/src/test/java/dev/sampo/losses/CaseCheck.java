package dev.sampo.losses;

import dev.sampo.tasks.DataException;
import dev.sampo.vlm.image.InvalidImageException;
import java.util.Optional;

/** Runs a case through the product, in float64 and in float32. */
final class CaseCheck {
  private CaseCheck() {}

  /** A family of cases: compares what the product makes of the inputs with what is expected. */
  @FunctionalInterface
  interface Family {
    void check(CaseLine line, Fields inputs, Fields expected, Comparison comparison);
  }

  static Verdict of(CaseLine line) {
    int numValues = 0;
    double worst = 0;
    try {
      Family family = family(line);
      for (Precision precision : Precision.values()) {
        Fields inputs = new Fields(line.inputs(), "inputs");
        Fields expected = new Fields(line.expected(), "expected");
        Comparison comparison = new Comparison(precision, line.isNamed("extreme_ratio"));
        family.check(line, inputs, expected, comparison);
        Optional<String> ignored =
            inputs.unused().stream()
                .map(field -> "inputs." + field)
                .findFirst()
                .or(() -> expected.unused().stream().map(field -> "expected." + field).findFirst());
        if (ignored.isPresent()) {
          return new Verdict.Unsupported("unknown field " + ignored.get());
        }
        if (comparison.miss().isPresent()) {
          return new Verdict.Miss(comparison.miss().get());
        }
        numValues += comparison.numValues();
        worst = Math.max(worst, comparison.worst());
      }
    } catch (UnsupportedCaseException
        | IllegalArgumentException
        | DataException
        | InvalidImageException e) {
      return new Verdict.Unsupported(oneLine(e)); // the product refuses the combination
    } catch (RuntimeException e) {
      return new Verdict.Miss(e.getClass().getSimpleName() + " " + oneLine(e));
    }
    return numValues == 0
        ? new Verdict.Unsupported("nothing to compare")
        : new Verdict.Ok(numValues, worst);
  }

  private static Family family(CaseLine line) {
    return switch (line.family()) {
      case "advantage" -> AdvantageCases::check;
      case "filter" -> AdvantageCases::checkFilter;
      case "shaping" -> AdvantageCases::checkShaping;
      case "capacity" -> CapacityCases::check;
      case "kl" -> DivergenceCases::check;
      case "metrics" -> DivergenceCases::checkMetrics;
      case "loss", "edge", "mismatch", "staleness", "invariance" -> LossCases::check;
      case "mask" ->
          line.inputs().has("logp") ? LossCases::check : DivergenceCases::checkEntropyMask;
      case "trainer.grpo_loss" -> TrainerCases::checkLoss;
      case "trainer.group_advantage" -> TrainerCases::checkAdvantage;
      case "trainer.completion_mask" -> CompletionCases::check;
      case "trainer.sampler_order" -> OrderCases::check;
      case "trainer.small_image_resize" -> ImageCases::check;
      default -> throw new UnsupportedCaseException("unknown family " + line.family());
    };
  }

  private static String oneLine(RuntimeException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
