package dev.sampo.actors.evaluation;

import dev.sampo.protocol.Prompt;
import dev.sampo.tasks.rec.Box;
import java.util.Optional;

/**
 * One question with one answer of the policy, for people to look at.
 *
 * @param prompt what was asked
 * @param text what the policy answered
 * @param predicted the box in the answer, in pixels of the original image; empty without one
 * @param truth the box that was asked for
 * @param iou their intersection over union, 0 without a predicted box
 */
public record Answered(
    Prompt prompt, String text, Optional<Box> predicted, Box truth, double iou) {}
