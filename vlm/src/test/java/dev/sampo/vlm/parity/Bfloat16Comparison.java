package dev.sampo.vlm.parity;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.VisionLanguageModel;

/**
 * The error of bfloat16: absolute difference of log-probs from the reference's float32 on the same
 * rounded weights, over all recorded tokens. On average it may be a tenth more than the reference's
 * own bfloat16 has, because roundings fall differently. The worst token may be off by twice as much
 * as the reference's worst: maxima of some hundred roundings scatter (by factors of 0.3 to 1.5 in
 * 32 folders), what is computed wrongly for a single token goes beyond.
 */
final class Bfloat16Comparison implements Comparison {
  private static final double MEAN_MARGIN = 1.1;
  private static final double MAX_MARGIN = 2;

  @Override
  public void run(Goldens goldens, Report report) {
    double ours = 0;
    double theirs = 0;
    double ourWorst = 0;
    double theirWorst = 0;
    int count = 0;
    try (VisionLanguageModel model = Models.loadBfloat16(goldens);
        NDManager scope = Models.newScope()) {
      for (JsonNode recorded : goldens.cases()) {
        String name = Goldens.name(recorded);
        float[] exact = goldens.tensor(name + ".probe.rounded");
        float[] reference = goldens.tensor(name + ".probe.bfloat16");
        float[] actual = ScoreComparison.probe(model, goldens.prompt(recorded), recorded, scope);
        ours += exact.length * Differences.meanAbsolute(actual, exact);
        theirs += exact.length * Differences.meanAbsolute(reference, exact);
        ourWorst = Math.max(ourWorst, Differences.largest(actual, exact));
        theirWorst = Math.max(theirWorst, Differences.largest(reference, exact));
        count += exact.length;
      }
    }
    report.atMost("all", "bfloat16-mean-error", ours / count, MEAN_MARGIN * theirs / count);
    report.atMost("all", "bfloat16-max-error", ourWorst, MAX_MARGIN * theirWorst);
  }
}
