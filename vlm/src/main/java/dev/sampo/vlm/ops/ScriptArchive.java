package dev.sampo.vlm.ops;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Packs script text into the archive that libtorch loads: a stored zip whose only object is a
 * module without attributes, and whose code is one class with the functions as methods.
 */
final class ScriptArchive {
  /** Pickle protocol 2 of {@code Ops()} with {@code training = True}. */
  private static final String MODULE =
      "\u0080\u0002c__torch__\nOps\nq\u0000)\u0081}(X\u0008\u0000\u0000\u0000trainingq\u0001\u0088ubq\u0003.";

  /** Pickle protocol 2 of {@code ()}. */
  private static final String NO_CONSTANTS = "\u0080\u0002).";

  private static final String HEADER =
      """
      class Ops(Module):
        __parameters__ = []
        __buffers__ = []
        training : bool
      """;

  private ScriptArchive() {}

  /** The archive of the named script resources, in order. */
  static byte[] pack(List<String> names) throws IOException {
    var code = new StringBuilder(HEADER);
    for (String name : names) {
      code.append(indent(resource(name)));
    }
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      store(zip, "ops/data.pkl", MODULE.getBytes(ISO_8859_1));
      store(zip, "ops/code/__torch__.py", code.toString().getBytes(UTF_8));
      store(zip, "ops/constants.pkl", NO_CONSTANTS.getBytes(ISO_8859_1));
      store(zip, "ops/version", "3\n".getBytes(UTF_8));
    }
    return bytes.toByteArray();
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = ScriptArchive.class.getResourceAsStream(name + ".torchscript")) {
      if (in == null) {
        throw new FileNotFoundException("script " + name + ".torchscript is not on the class path");
      }
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  private static String indent(String text) {
    return text.lines()
        .map(line -> line.isBlank() ? "\n" : "  " + line + "\n")
        .collect(Collectors.joining());
  }

  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    var entry = new ZipEntry(name);
    var crc = new CRC32();
    crc.update(content);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }
}
