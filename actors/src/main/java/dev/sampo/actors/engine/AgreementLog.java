package dev.sampo.actors.engine;

import dev.sampo.protocol.PolicyVersion;
import dev.sampo.rollout.Agreement;
import java.util.Map;

/**
 * Keeps the newest measurement of how well sampling and scoring agree, and refuses to go on when
 * they do not. Safe for several threads.
 */
public final class AgreementLog {
  private final double maxK3;
  private volatile Map<String, Double> metrics = Map.of();

  /** A log without measurements that refuses a mean {@code k3} beyond {@code maxK3}. */
  public AgreementLog(double maxK3) {
    this.maxK3 = maxK3;
  }

  void add(PolicyVersion version, Agreement agreement) {
    metrics =
        Map.of(
            "mismatch/k3", agreement.k3(),
            "mismatch/max_abs", agreement.maxAbs(),
            "mismatch/tokens", (double) agreement.numTokens());
    if (!(agreement.k3() <= maxK3)) {
      throw new IllegalStateException(
          "sampling and scoring disagree about the weights of step %d: mismatch/k3 is %s, allowed is %s"
              .formatted(version.step(), agreement.k3(), maxK3));
    }
  }

  /** The newest measurement by metric name; empty before the first. */
  public Map<String, Double> metrics() {
    return metrics;
  }
}
