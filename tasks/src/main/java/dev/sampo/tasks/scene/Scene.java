package dev.sampo.tasks.scene;

import java.util.List;

/**
 * Objects on a plain background; no two share a look and no two boxes touch.
 *
 * @param side width and height, pixels
 * @param grey what the background adds to all three channels
 * @param objects the objects; they do not overlap, so their order does not show
 */
public record Scene(int side, int grey, List<SceneObject> objects) {
  public Scene {
    objects = List.copyOf(objects);
  }
}
