package dev.sampo.actors.engine;

import dev.sampo.actors.RunFailedException;
import dev.sampo.protocol.PolicyVersion;
import dev.sampo.rollout.Agreement;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Keeps the newest measurement of how well sampling and scoring agree until somebody takes it, and
 * refuses to go on when they do not agree. Safe for several threads.
 */
public final class AgreementLog {
  private final double maxK3;
  private final AtomicReference<Map<String, Double>> untaken = new AtomicReference<>(Map.of());

  /** A log without measurements that refuses a mean {@code k3} beyond {@code maxK3}. */
  public AgreementLog(double maxK3) {
    this.maxK3 = maxK3;
  }

  /**
   * Adds a measurement. One that is no number says that these weights give no log-probs, not that
   * two computations differ: such a group makes the learner leave its step out, which is counted
   * there.
   */
  void add(PolicyVersion version, Agreement agreement) {
    if (Double.isNaN(agreement.k3())) {
      return;
    }
    untaken.set(
        Map.of(
            "mismatch/k3", agreement.k3(),
            "mismatch/max_abs", agreement.maxAbs(),
            "mismatch/tokens", (double) agreement.numTokens()));
    if (agreement.k3() > maxK3) {
      throw new RunFailedException(
          "sampling and scoring disagree about the weights of step %d: mismatch/k3 is %s, allowed is %s"
              .formatted(version.step(), agreement.k3(), maxK3));
    }
  }

  /** The newest measurement by metric name; empty if there is none since the last call. */
  public Map<String, Double> take() {
    return untaken.getAndSet(Map.of());
  }
}
