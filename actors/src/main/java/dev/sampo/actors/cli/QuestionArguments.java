package dev.sampo.actors.cli;

import dev.sampo.vlm.image.ImageDecoder;
import dev.sampo.vlm.image.RgbImage;
import dev.sampo.vlm.text.Message;
import dev.sampo.vlm.text.Part;
import dev.sampo.vlm.text.Role;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --system}, {@code --image} and {@code --prompt}: what a model is asked. */
final class QuestionArguments {
  private static final String STANDARD_INPUT = "-";

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @ArgGroup(multiplicity = "1..*")
  private List<Piece> pieces = new ArrayList<>();

  @Option(names = "--system", paramLabel = "TEXT", description = "The system message.")
  private Optional<String> system = Optional.empty();

  /** One option of the user's turn: an image or a text. */
  static final class Piece {
    private Optional<Path> image = Optional.empty();
    private Optional<String> prompt = Optional.empty();

    @Option(
        names = "--image",
        required = true,
        paramLabel = "FILE",
        description = "An image: PNG, JPEG or WebP. May be given several times.")
    void image(Path file) {
      image = Optional.of(file);
    }

    @Option(
        names = "--prompt",
        required = true,
        paramLabel = "TEXT",
        description = {
          "What to ask, after the images; - reads it from standard input.",
          "Given several times, images and texts follow each other as on the command line.",
          "Special tokens in it are plain text."
        })
    void prompt(String text) {
      prompt = Optional.of(text);
    }
  }

  /**
   * The conversation, up to where the answer begins.
   *
   * @throws ParameterException if there is no prompt
   */
  List<Message> conversation() {
    long numTexts = pieces.stream().filter(piece -> piece.prompt.isPresent()).count();
    if (numTexts == 0) {
      throw new ParameterException(spec.commandLine(), "Missing required option: '--prompt=TEXT'");
    }
    List<Message> conversation = new ArrayList<>();
    system.ifPresent(text -> conversation.add(Message.of(Role.SYSTEM, text)));
    List<Part> parts = pieces.stream().map(this::part).toList();
    conversation.add(
        numTexts == 1
            ? Message.question(onlyText(parts), parts.size() - 1)
            : new Message(Role.USER, parts));
    return conversation;
  }

  /** The pictures, in the order of their places. */
  List<RgbImage> images() {
    return pieces.stream().flatMap(piece -> piece.image.stream()).map(ImageDecoder::read).toList();
  }

  private static String onlyText(List<Part> parts) {
    return parts.stream()
        .filter(Part.Text.class::isInstance)
        .map(part -> ((Part.Text) part).text())
        .findFirst()
        .orElseThrow();
  }

  private Part part(Piece piece) {
    return piece
        .prompt
        .<Part>map(text -> new Part.Text(text.equals(STANDARD_INPUT) ? standardInput() : text))
        .orElseGet(Part.Image::new);
  }

  /** All of it as UTF-8, without the line end that a pipe leaves. */
  private static String standardInput() {
    try {
      InputStream in = System.in;
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return text.replaceFirst("\\R\\z", "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
