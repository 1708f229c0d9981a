package dev.sampo.vlm;

/** Type in which a model keeps its weights and computes; log-probs are float32 always. */
public enum Precision {
  FLOAT32,
  BFLOAT16
}
