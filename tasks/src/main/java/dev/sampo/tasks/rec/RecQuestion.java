package dev.sampo.tasks.rec;

import dev.sampo.tasks.scene.SceneObject;

/**
 * A sentence about a scene that is true of one object only.
 *
 * @param query the words, for example {@code the large red square}
 * @param target the object they describe
 */
public record RecQuestion(String query, SceneObject target) {

  /** What is asked, as VLM-R1 words it. */
  public String problem() {
    return "Please provide the bounding box coordinates of the region this sentence describes: "
        + query
        + ".";
  }
}
