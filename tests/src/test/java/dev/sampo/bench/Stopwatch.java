package dev.sampo.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** Time between laps. */
final class Stopwatch {
  private final OperatingSystemMXBean process =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  private long last = System.nanoTime();
  private long lastCpu = process.getProcessCpuTime();

  /**
   * What one lap took.
   *
   * @param seconds by the clock
   * @param cpuSeconds that the process computed, all its threads together
   */
  record Lap(double seconds, double cpuSeconds) {}

  /** Since the start or the last lap. */
  Lap lap() {
    long now = System.nanoTime();
    long cpu = process.getProcessCpuTime();
    Lap lap = new Lap((now - last) / 1e9, (cpu - lastCpu) / 1e9);
    last = now;
    lastCpu = cpu;
    return lap;
  }
}
