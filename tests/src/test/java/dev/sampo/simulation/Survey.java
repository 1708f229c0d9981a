package dev.sampo.simulation;
import java.util.*;
class Survey {
  @org.junit.jupiter.api.Test
  void survey() {
    int n = Integer.getInteger("simulation.seeds", 300); long from = Long.getLong("simulation.from", 0);
    Breakage b = Breakage.valueOf(System.getProperty("breakage", "NONE"));
    Map<String, List<Long>> found = new TreeMap<>(); long t0 = System.nanoTime(), tasks = 0; Map<Boolean,Integer> kinds=new TreeMap<>();
    Map<String, String> example = new TreeMap<>(); double maxv=0; List<Double> el=new ArrayList<>();
    for (long s = from; s < from + n; s++) {
      var r = new SimulatedRun(Scenario.of(s), b).run(); tasks += r.tasks(); el.add(r.elapsed().toMillis()/1e3);
      if (r.violation().isPresent()) {
        String k = r.violation().get().getMessage().replaceAll("[0-9]+", "#"); k = k.substring(0, Math.min(110, k.length()));
        found.computeIfAbsent(k, x -> new ArrayList<>()).add(s); example.putIfAbsent(k, r.report());
      }
    }
    double sec = (System.nanoTime() - t0) / 1e9; Collections.sort(el);
    System.out.printf("%d seeds %d turns %.1f s = %.1f ms/seed; virtual median %.0f max %.0f s%n", n, tasks, sec, sec * 1e3 / n, el.get(n/2), el.getLast());
    found.forEach((k, v) -> System.out.println(v.size() + " x " + k + "  seeds " + v.subList(0, Math.min(6, v.size()))));
    if (Boolean.getBoolean("show")) example.forEach((k, v) -> System.out.println("=====\n" + v));
  }
}
