package dev.sampo.protocol;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One row of a data set, ready to be asked: question template applied, images named by content. The
 * chat template and the vision tokens belong to the model and are applied where tokens are made.
 *
 * @param source where the row comes from, for messages: {@code file:line}
 * @param task name of the task, for example {@code rec}
 * @param text the user's turn without images; images precede the text
 * @param images the images in order
 * @param solution the reference answer as the reward functions expect it
 * @param fields every other column of the row, as JSON text, in name order
 */
public record Prompt(
    String source,
    String task,
    String text,
    List<ImageRef> images,
    String solution,
    Map<String, String> fields) {
  public Prompt {
    images = List.copyOf(images);
    fields = Collections.unmodifiableSortedMap(new TreeMap<>(fields));
  }
}
