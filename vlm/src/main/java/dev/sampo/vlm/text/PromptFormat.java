package dev.sampo.vlm.text;

import dev.sampo.vlm.ImagePatches;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** What a model family does in its own way between a conversation and token ids. */
public interface PromptFormat {

  /**
   * The token that a chat template prints once for an image, and of which the image then gets
   * {@link #tokensOf} copies.
   */
  String imageToken();

  /** Tokens put before the copies, which the chat template does not print. */
  default List<String> beforeImage() {
    return List.of();
  }

  /** Tokens put after the copies, which the chat template does not print. */
  default List<String> afterImage() {
    return List.of();
  }

  /** Copies of the image token for one image: the vectors that the vision tower makes of it. */
  int tokensOf(ImagePatches image);

  /**
   * Positions of a prompt.
   *
   * @param tokenIds every image with all its tokens // [P]
   * @param imageToken id of {@link #imageToken}
   * @param images in the order of their tokens
   * @throws IllegalArgumentException if the image tokens are not those of the images
   */
  PromptPositions positions(int[] tokenIds, int imageToken, List<ImagePatches> images);

  /**
   * The tokens that end an answer if the family says so itself; none if the files of a checkpoint
   * do.
   */
  default List<String> endTokens() {
    return List.of();
  }

  /**
   * The chat template of a checkpoint folder.
   *
   * @throws IOException naming the file, if there is none or it is broken
   */
  default ChatTemplate chatTemplate(Path folder) throws IOException {
    return ChatTemplate.load(folder);
  }
}
