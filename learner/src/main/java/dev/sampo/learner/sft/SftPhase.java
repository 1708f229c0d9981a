package dev.sampo.learner.sft;

import dev.sampo.learner.option.Rules;
import java.nio.file.Path;

/**
 * A part of a supervised run with data of its own.
 *
 * @param data JSONL file
 * @param imageFolder relative image paths start here
 * @param questionTemplate applied to every question
 * @param imagesPerStep images of one optimizer step
 * @param questionsPerImage rows of an image that one step takes, at most
 * @param steps optimizer steps of the phase
 */
public record SftPhase(
    Path data,
    Path imageFolder,
    String questionTemplate,
    int imagesPerStep,
    int questionsPerImage,
    long steps) {
  public SftPhase {
    Rules.require(imagesPerStep >= 1, "images-per-step", ">= 1", imagesPerStep);
    Rules.require(questionsPerImage >= 1, "questions-per-image", ">= 1", questionsPerImage);
    Rules.require(steps >= 1, "steps", ">= 1", steps);
  }
}
