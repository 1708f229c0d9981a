package dev.sampo.config;

import dev.sampo.vlm.lora.LoraSettings;
import java.util.List;

/**
 * Low-rank adapters to train.
 *
 * @param enabled whether there are any; else the weights of the model are trained
 * @param rank inner size of an adapter
 * @param alpha an adapter's result is multiplied by {@code alpha / rank}
 * @param dropout rate at which an adapter's inputs are dropped in training
 * @param targets regular expressions of module names; none stands for every linear layer outside
 *     the vision tower
 */
public record AdapterSettings(
    boolean enabled, int rank, double alpha, double dropout, List<String> targets) {
  public AdapterSettings {
    targets = new LoraSettings(rank, alpha, dropout, targets).targets();
  }

  /** The same for the model. */
  public LoraSettings settings() {
    return new LoraSettings(rank, alpha, dropout, targets);
  }
}
