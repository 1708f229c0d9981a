package dev.sampo.tasks.scene;

import dev.sampo.tasks.scene.SceneObject.Size;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Draws random scenes. The same generator state always gives the same scene. */
public final class SceneSampler {
  private static final int TRIES_PER_OBJECT = 60;
  private static final int TRIES_PER_SCENE = 10_000;

  private final SceneSettings settings;

  public SceneSampler(SceneSettings settings) {
    this.settings = settings;
  }

  /** The looks that a scene takes its objects from. */
  public enum Looks {
    /** Only looks that are not held out. */
    TRAINED,
    /** One object has the held-out look of its colour, the others have none. */
    ONE_HELD_OUT
  }

  /**
   * Draws a scene.
   *
   * @param numObjects how many objects it has
   * @throws IllegalArgumentException when so many objects do not fit
   */
  public Scene draw(Random random, int numObjects, Looks looks) {
    if (numObjects < 1 || numObjects > settings.maxObjects()) {
      throw new IllegalArgumentException(
          "a scene has 1 to %d objects, got %d".formatted(settings.maxObjects(), numObjects));
    }
    int jitter = settings.greyJitter();
    int grey = random.nextInt(2 * jitter + 1) - jitter;
    for (int i = 0; i < TRIES_PER_SCENE; i++) {
      Optional<List<SceneObject>> placed = place(random, drawLooks(random, numObjects, looks));
      if (placed.isPresent()) {
        return new Scene(settings.side(), grey, placed.get());
      }
    }
    throw new IllegalArgumentException(
        numObjects + " objects do not fit into " + settings.side() + " pixels");
  }

  private List<Look> drawLooks(Random random, int numObjects, Looks looks) {
    List<Look> left = new ArrayList<>(Look.TRAINED);
    List<Look> drawn = new ArrayList<>();
    for (int i = 0; i < numObjects; i++) {
      Look look = left.remove(random.nextInt(left.size()));
      drawn.add(look);
      if (settings.distinctColours()) {
        left.removeIf(other -> other.colour() == look.colour());
      }
    }
    if (looks == Looks.ONE_HELD_OUT) {
      int one = random.nextInt(numObjects);
      drawn.set(one, Look.heldOut(drawn.get(one).colour()));
    }
    return drawn;
  }

  /** Places large objects first, since they are harder to place; empty when one finds no room. */
  private Optional<List<SceneObject>> place(Random random, List<Look> looks) {
    List<SceneObject> large = new ArrayList<>();
    List<SceneObject> small = new ArrayList<>();
    for (Look look : looks) {
      if (random.nextBoolean() && large.size() < settings.maxLarge()) {
        large.add(new SceneObject(look, Size.LARGE, 0, 0, pick(random, settings.largeSides())));
      } else {
        small.add(new SceneObject(look, Size.SMALL, 0, 0, pick(random, settings.smallSides())));
      }
    }
    large.addAll(small);
    List<SceneObject> placed = new ArrayList<>();
    for (SceneObject object : large) {
      Optional<SceneObject> spot = findSpot(random, object, placed);
      if (spot.isEmpty()) {
        return Optional.empty();
      }
      placed.add(spot.get());
    }
    return Optional.of(placed);
  }

  private Optional<SceneObject> findSpot(
      Random random, SceneObject object, List<SceneObject> placed) {
    int step = settings.step();
    int positions = (settings.side() - object.side()) / step + 1;
    for (int i = 0; i < TRIES_PER_OBJECT; i++) {
      int x = step * random.nextInt(positions);
      int y = step * random.nextInt(positions);
      SceneObject spot = new SceneObject(object.look(), object.size(), x, y, object.side());
      if (placed.stream().allMatch(other -> spot.isClearOf(other, settings.gap()))) {
        return Optional.of(spot);
      }
    }
    return Optional.empty();
  }

  private static <T> T pick(Random random, List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }
}
