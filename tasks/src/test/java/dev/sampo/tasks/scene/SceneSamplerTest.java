package dev.sampo.tasks.scene;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sampo.tasks.SeedMixer;
import dev.sampo.tasks.scene.SceneObject.Size;
import dev.sampo.tasks.scene.SceneSampler.Looks;
import java.awt.image.BufferedImage;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SceneSamplerTest {
  private static final SceneSettings SETTINGS = SceneSettings.STANDARD;

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4, 6})
  void objectsLieApartInsideTheImageAndDifferInLook(int numObjects) {
    SceneSampler sampler = new SceneSampler(SETTINGS);
    for (int seed = 0; seed < 300; seed++) {
      List<SceneObject> objects =
          sampler.draw(SeedMixer.random(seed), numObjects, Looks.TRAINED).objects();

      assertThat(objects).hasSize(numObjects);
      assertThat(objects).extracting(SceneObject::look).doesNotHaveDuplicates();
      assertThat(objects).noneMatch(object -> object.look().isHeldOut());
      assertThat(objects).filteredOn(object -> object.size() == Size.LARGE).hasSizeLessThan(3);
      for (SceneObject object : objects) {
        assertThat(object.x()).isEven().isBetween(0, 84 - object.side());
        assertThat(object.y()).isEven().isBetween(0, 84 - object.side());
        for (SceneObject other : objects) {
          boolean apart =
              object.x() >= other.x() + other.side() + 2
                  || other.x() >= object.x() + object.side() + 2
                  || object.y() >= other.y() + other.side() + 2
                  || other.y() >= object.y() + object.side() + 2;
          assertThat(apart || object.equals(other)).as("%s and %s", object, other).isTrue();
        }
      }
    }
  }

  @Test
  void aSceneWithAHeldOutLookHasExactlyOne() {
    SceneSampler sampler = new SceneSampler(SETTINGS);
    for (int seed = 0; seed < 300; seed++) {
      assertThat(sampler.draw(SeedMixer.random(seed), 4, Looks.ONE_HELD_OUT).objects())
          .filteredOn(object -> object.look().isHeldOut())
          .hasSize(1);
    }
  }

  @Test
  void distinctColoursAndAStepAreKeptForHeldOutLooksToo() {
    SceneSettings coarse = new SceneSettings(84, 7, List.of(28), List.of(14), 2, 2, 6, true);
    SceneSampler sampler = new SceneSampler(coarse);
    for (Looks looks : Looks.values()) {
      for (int seed = 0; seed < 200; seed++) {
        List<SceneObject> objects = sampler.draw(SeedMixer.random(seed), 6, looks).objects();

        assertThat(objects).extracting(object -> object.look().colour()).doesNotHaveDuplicates();
        assertThat(objects).allMatch(object -> object.x() % 7 == 0 && object.y() % 7 == 0);
        assertThat(objects)
            .filteredOn(object -> object.look().isHeldOut())
            .hasSize(looks == Looks.ONE_HELD_OUT ? 1 : 0);
      }
    }
    assertThatThrownBy(() -> sampler.draw(SeedMixer.random(1), 7, Looks.TRAINED))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a scene has 1 to 6 objects, got 7");
  }

  @Test
  void moreObjectsThanFitAreRefused() {
    SceneSettings tiny = new SceneSettings(20, 2, List.of(14), List.of(14), 2, 2, 0, false);

    assertThatThrownBy(() -> new SceneSampler(tiny).draw(SeedMixer.random(1), 2, Looks.TRAINED))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("2 objects do not fit into 20 pixels");
  }

  /** Counted by hand from the rule: the painted pixels of a box of side 6, row by row. */
  @Test
  void shapesPaintThePixelsWhoseCentreTheyCover() {
    assertThat(painted(Shape.CIRCLE)).containsExactly(4, 6, 6, 6, 6, 4);
    assertThat(painted(Shape.SQUARE)).containsExactly(6, 6, 6, 6, 6, 6);
    assertThat(painted(Shape.TRIANGLE)).containsExactly(2, 2, 4, 4, 6, 6);
    assertThat(painted(Shape.DIAMOND)).containsExactly(2, 4, 6, 6, 4, 2);
  }

  private static int[] painted(Shape shape) {
    SceneObject object = new SceneObject(new Look(Colour.RED, shape), Size.SMALL, 2, 2, 6);
    BufferedImage image = ScenePainter.paint(new Scene(10, 3, List.of(object)));
    int[] counts = new int[6];
    for (int y = 0; y < 10; y++) {
      for (int x = 0; x < 10; x++) {
        int rgb = image.getRGB(x, y) & 0xffffff;
        if (rgb == 0xe61e1e) {
          counts[y - 2]++;
        } else {
          assertThat(rgb).isEqualTo(0x7d776b);
        }
      }
    }
    return counts;
  }
}
