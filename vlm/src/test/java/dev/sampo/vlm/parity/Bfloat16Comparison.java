package dev.sampo.vlm.parity;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sampo.vlm.Goldens;
import dev.sampo.vlm.VisionLanguageModel;

/**
 * The error of bfloat16: mean absolute difference of log-probs from the reference's float32 on the
 * same rounded weights, over all recorded tokens. It may be a tenth more than the reference's own
 * bfloat16 has, because roundings fall differently.
 */
final class Bfloat16Comparison implements Comparison {
  private static final double MARGIN = 1.1;

  @Override
  public void run(Goldens goldens, Report report) {
    double ours = 0;
    double theirs = 0;
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
        count += exact.length;
      }
    }
    report.atMost("all", "bfloat16-mean-error", ours / count, MARGIN * theirs / count);
  }
}
