package dev.sampo.actors.node;

import dev.sampo.actors.pipeline.RunStatus;
import dev.sampo.actors.run.GroupLedger;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** How a run stands as the JSON of {@code GET /status}. */
final class NodeStatus {
  private NodeStatus() {}

  /**
   * The JSON.
   *
   * @param pause why the learner of this node waits; empty while it does not
   */
  static Map<String, Object> json(RunStatus status, Optional<String> pause) {
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
    json.put("paused", pause.isPresent());
    pause.ifPresent(reason -> json.put("reason", reason));
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
