package dev.sampo.vlm.family;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.sampo.vlm.lora.AdaptedModule;
import dev.sampo.vlm.lora.LoraAdapter;
import dev.sampo.vlm.ops.NetworkWeights;
import dev.sampo.vlm.weights.ParameterTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Puts parameters and adapters into the order in which native functions take them. */
final class NetworkAssembly {
  private final SortedMap<String, NDArray> parameters;
  private final Map<String, AdaptedModule> adapted;
  private final double dropout;

  /** Made when needed. The empty arrays differ: functions tell lists apart by names of arrays. */
  private final NDManager manager;

  NetworkAssembly(
      SortedMap<String, NDArray> parameters, Optional<LoraAdapter> adapter, NDManager manager) {
    this.parameters = parameters;
    this.adapted =
        adapter.stream()
            .flatMap(lora -> lora.modules().stream())
            .collect(Collectors.toMap(lora -> lora.module().name(), Function.identity()));
    this.dropout = adapter.map(LoraAdapter::dropout).orElse(0.0);
    this.manager = manager;
  }

  /** Weights of the function that a table belongs to. */
  NetworkWeights weights(ParameterTable table) {
    NDArray absent = manager.create(new float[0]);
    List<NDArray> arrays =
        table.slots().stream()
            .map(slot -> slot.map(p -> Objects.requireNonNull(parameters.get(p.name()))))
            .map(slot -> slot.orElse(absent))
            .toList();
    List<NDArray> adapters = adapters(table, 0);
    return new NetworkWeights(arrays, adapters, dropout == 0 ? adapters : adapters(table, dropout));
  }

  /** See {@code linear} in common.torchscript. */
  private List<NDArray> adapters(ParameterTable table, double rate) {
    var places = new long[table.slots().size()];
    var scales = new double[places.length];
    var matrices = new ArrayList<NDArray>();
    table
        .linears()
        .forEach((slot, module) -> {
          AdaptedModule lora = adapted.get(module);
          if (lora != null) {
            places[slot] = 3L + matrices.size();
            scales[slot] = lora.scale();
            matrices.add(lora.a());
            matrices.add(lora.b());
          }
        });
    if (matrices.isEmpty()) {
      return List.of(manager.create(new float[0]));
    }
    NDManager cpu = manager.newSubManager(Device.cpu());
    var list =
        new ArrayList<>(
            List.of(cpu.create(places), cpu.create(scales), cpu.create(new double[] {rate})));
    list.addAll(matrices);
    return list;
  }
}
