package dev.sampo.tasks.scene;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A colour together with a shape. */
public record Look(Colour colour, Shape shape) {
  private static final Set<Look> HELD_OUT =
      Set.of(
          new Look(Colour.RED, Shape.DIAMOND),
          new Look(Colour.GREEN, Shape.TRIANGLE),
          new Look(Colour.BLUE, Shape.SQUARE),
          new Look(Colour.YELLOW, Shape.CIRCLE),
          new Look(Colour.MAGENTA, Shape.TRIANGLE),
          new Look(Colour.CYAN, Shape.DIAMOND));

  /** All looks that training scenes show, in a fixed order. */
  static final List<Look> TRAINED = trained();

  /** Whether no training scene shows it, so that it can test generalisation. */
  public boolean isHeldOut() {
    return HELD_OUT.contains(this);
  }

  /** The look of that colour that is held out; every colour has one. */
  static Look heldOut(Colour colour) {
    return HELD_OUT.stream().filter(look -> look.colour() == colour).findAny().orElseThrow();
  }

  private static List<Look> trained() {
    List<Look> looks = new ArrayList<>();
    for (Colour colour : Colour.values()) {
      for (Shape shape : Shape.values()) {
        Look look = new Look(colour, shape);
        if (!look.isHeldOut()) {
          looks.add(look);
        }
      }
    }
    return List.copyOf(looks);
  }
}
