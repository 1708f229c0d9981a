package dev.sampo.vlm.text;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * One turn of a conversation.
 *
 * @param role who speaks
 * @param parts what is said, in order; any number of images at any place
 */
public record Message(Role role, List<Part> parts) {
  public Message {
    parts = List.copyOf(parts);
  }

  /** A turn of words alone. */
  public static Message of(Role role, String text) {
    return new Message(role, List.of(new Part.Text(text)));
  }

  /** What a user asks about images, the images first. */
  public static Message question(String text, int images) {
    List<Part> parts = new ArrayList<>(Collections.nCopies(images, new Part.Image()));
    parts.add(new Part.Text(text));
    return new Message(Role.USER, parts);
  }

  /** Images in all turns of a conversation. */
  public static int countImages(List<Message> conversation) {
    return Math.toIntExact(
        conversation.stream()
            .flatMap(message -> message.parts().stream())
            .filter(Part.Image.class::isInstance)
            .count());
  }
}
