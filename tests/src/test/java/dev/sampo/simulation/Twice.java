package dev.sampo.simulation;
class Twice {
  @org.junit.jupiter.api.Test
  void twice() {
    int n = Integer.getInteger("simulation.seeds", 40); long from = Long.getLong("simulation.from", 0);
    for (int round = 0; round < 3; round++) {
      StringBuilder b = new StringBuilder();
      for (long s = from; s < from + n; s++) { var r = new SimulatedRun(Scenario.of(s), Breakage.NONE).run(); b.append(s).append(":").append(Long.toHexString(r.digest()).substring(0, 4)).append(" "); }
      System.out.println("ROUND " + b);
    }
  }
}
