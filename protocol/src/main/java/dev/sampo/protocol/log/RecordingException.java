package dev.sampo.protocol.log;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A recording that cannot be read or written; the message names the file and what is wrong. */
public final class RecordingException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean isDamage;

  RecordingException(String message) {
    super(message);
    this.isDamage = false;
  }

  RecordingException(String message, Throwable cause) {
    this(message, cause, false);
  }

  private RecordingException(String message, @Nullable Throwable cause, boolean isDamage) {
    super(message, cause);
    this.isDamage = isDamage;
  }

  /** Something that is there otherwise than it was written, or is missing. */
  static RecordingException damage(String message) {
    return new RecordingException(message, null, true);
  }

  static RecordingException damage(String message, Throwable cause) {
    return new RecordingException(message, cause, true);
  }

  /** Whether something was lost or changed since it was written, which no second try mends. */
  public boolean isDamage() {
    return isDamage;
  }

  /** A file that the system does not let be written. */
  static RecordingException notWritten(Path file, IOException cause) {
    return new RecordingException("cannot write %s: %s".formatted(file, reason(cause)), cause);
  }

  /** A file that the system does not let be read. */
  static RecordingException notRead(Path file, IOException cause) {
    return new RecordingException("cannot read %s: %s".formatted(file, reason(cause)), cause);
  }

  /** What the system says, without the name of the file. */
  private static String reason(IOException cause) {
    return switch (cause) {
      case AccessDeniedException _ -> "permission denied";
      case NoSuchFileException _ -> "there is no such file or folder";
      case FileSystemException e when e.getReason() != null -> String.valueOf(e.getReason());
      default -> String.valueOf(cause.getMessage());
    };
  }
}
