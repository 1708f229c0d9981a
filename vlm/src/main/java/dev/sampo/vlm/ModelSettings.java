package dev.sampo.vlm;

/**
 * What callers of a model need to know of it.
 *
 * @param modelType the family, {@code model_type} of config.json
 * @param vocabularySize rows of the embedding
 * @param hiddenSize width of the decoder
 * @param boxFrame in whose pixels it writes boxes
 */
public record ModelSettings(
    String modelType, int vocabularySize, int hiddenSize, BoxFrame boxFrame) {}
