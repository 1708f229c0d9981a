package dev.sampo.actors.node;

import dev.sampo.actors.pipeline.RunStatus;
import dev.sampo.actors.run.GroupLedger;
import java.util.LinkedHashMap;
import java.util.Map;

/** A {@link RunStatus} as the JSON of {@code GET /status}. */
final class NodeStatus {
  private NodeStatus() {}

  static Map<String, Object> json(RunStatus status) {
    GroupLedger.Counts counts = status.groups();
    Map<String, Object> groups = new LinkedHashMap<>();
    groups.put("waiting", counts.waiting());
    groups.put("leased", counts.leased());
    groups.put("accepted", counts.accepted());
    groups.put("trained", counts.trained());
    groups.put("set_aside", counts.setAside());
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("step", status.step());
    json.put("steps", status.steps());
    json.put("groups", groups);
    json.put(
        "workers",
        status.workers().stream()
            .map(worker ->
                Map.of(
                    "name", worker.name(),
                    "capacity", worker.capacity(),
                    "leases", worker.leases(),
                    "step", worker.step()))
            .toList());
    return json;
  }
}
