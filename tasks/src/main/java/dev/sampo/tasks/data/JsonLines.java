package dev.sampo.tasks.data;

import dev.sampo.tasks.DataException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The lines of a text file by number, without holding their text. Lines of white space only are not
 * counted as rows but as lines, so that messages name the line an editor shows.
 */
final class JsonLines {
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  private final Path path;
  private final long fileSize;
  private long[] starts = new long[1024];
  private int[] lengths = new int[1024];
  private int[] numbers = new int[1024];
  private int size;

  private JsonLines(Path path, long fileSize) {
    this.path = path;
    this.fileSize = fileSize;
  }

  /**
   * Finds the lines of a file.
   *
   * @throws DataException when the file cannot be read
   */
  static JsonLines index(Path path) {
    if (Files.isDirectory(path)) {
      throw new DataException(path + " is a folder; a data file is a .jsonl file");
    }
    try {
      JsonLines lines = new JsonLines(path, Files.size(path));
      try (InputStream in = Files.newInputStream(path)) {
        lines.scan(in);
      }
      return lines;
    } catch (NoSuchFileException e) {
      throw new DataException("data file " + path + " does not exist", e);
    } catch (IOException e) {
      throw new DataException("data file " + path + " cannot be read: " + e.getMessage(), e);
    }
  }

  int size() {
    return size;
  }

  /** Where row {@code row} is: {@code file:line}. */
  String source(int row) {
    return path + ":" + numbers[row];
  }

  /**
   * The text of a row.
   *
   * @throws RowProblem when the bytes are not UTF-8 or the file is no longer the one indexed
   */
  String text(int row) {
    ByteBuffer bytes = ByteBuffer.allocate(lengths[row]);
    try (FileChannel file = FileChannel.open(path)) {
      if (file.size() != fileSize) {
        throw new RowProblem("the file has changed since it was opened");
      }
      while (bytes.hasRemaining() && file.read(bytes, starts[row] + bytes.position()) >= 0) {
        // a read may stop short
      }
      return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
    } catch (CharacterCodingException e) {
      throw new RowProblem("not UTF-8 text", e);
    } catch (IOException e) {
      throw new RowProblem("the file cannot be read: " + e.getMessage(), e);
    }
  }

  private void scan(InputStream in) throws IOException {
    byte[] buffer = new byte[1 << 16];
    long position = 0;
    long lineStart = 0;
    int lineNumber = 1;
    boolean blank = true;
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      int i = position == 0 && startsWithMark(buffer, read) ? BYTE_ORDER_MARK.length : 0;
      lineStart += i;
      for (; i < read; i++) {
        byte b = buffer[i];
        if (b == '\n') {
          if (!blank) {
            add(lineStart, position + i, lineNumber);
          }
          lineStart = position + i + 1;
          lineNumber++;
          blank = true;
        } else if (b != ' ' && b != '\t' && b != '\r') {
          blank = false;
        }
      }
      position += read;
    }
    if (!blank) {
      add(lineStart, position, lineNumber);
    }
  }

  private static boolean startsWithMark(byte[] buffer, int read) {
    int length = BYTE_ORDER_MARK.length;
    return read >= length && Arrays.equals(buffer, 0, length, BYTE_ORDER_MARK, 0, length);
  }

  private void add(long start, long end, int number) {
    if (size == starts.length) {
      starts = Arrays.copyOf(starts, 2 * size);
      lengths = Arrays.copyOf(lengths, 2 * size);
      numbers = Arrays.copyOf(numbers, 2 * size);
    }
    starts[size] = start;
    lengths[size] = Math.toIntExact(end - start);
    numbers[size] = number;
    size++;
  }
}
