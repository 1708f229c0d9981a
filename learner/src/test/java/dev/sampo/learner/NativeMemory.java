package dev.sampo.learner;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * What the process holds outside the Java heap; on Linux with HotSpot.
 *
 * @param liveArrays arrays of the engine that something still refers to
 * @param residentBytes resident memory of all mappings but the Java heap
 */
public record NativeMemory(long liveArrays, long residentBytes) {
  /** What the compiler still adds in hundreds of steps; these would leave that behind in dozens. */
  private static final long ALLOWED_BYTES = 16L << 20;

  private static final Pattern HEAP = Pattern.compile("\\[0x([0-9a-f]+), 0x([0-9a-f]+)\\)");
  private static final Pattern MAPPING = Pattern.compile("([0-9a-f]+)-([0-9a-f]+) .*");
  private static final Pattern RESIDENT = Pattern.compile("Rss:\\s+(\\d+) kB");

  public static NativeMemory now() throws IOException, JMException {
    System.gc(); // frees direct buffers
    return new NativeMemory(countArrays(), measureResident());
  }

  /** Nothing was kept since this was measured. */
  public void assertFlat() throws IOException, JMException {
    NativeMemory now = now();
    assertThat(now.liveArrays).as("arrays").isEqualTo(liveArrays);
    assertThat(now.residentBytes - residentBytes).as("growth").isLessThan(ALLOWED_BYTES);
  }

  private static long countArrays() throws JMException {
    return diagnose("gcClassHistogram")
        .lines()
        .map(String::trim)
        .filter(line -> line.contains(" ai.djl.pytorch.engine.PtNDArray"))
        .mapToLong(line -> Long.parseLong(line.split("\\s+", -1)[1]))
        .sum();
  }

  private static long measureResident() throws IOException, JMException {
    Matcher heap = HEAP.matcher(diagnose("gcHeapInfo"));
    if (!heap.find()) {
      throw new IllegalStateException("the JVM does not say where its heap is");
    }
    long first = Long.parseUnsignedLong(heap.group(1), 16);
    long end = Long.parseUnsignedLong(heap.group(2), 16);
    long kilobytes = 0;
    boolean isHeap = false;
    for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
      Matcher mapping = MAPPING.matcher(line);
      Matcher resident = RESIDENT.matcher(line);
      if (mapping.matches()) {
        long start = Long.parseUnsignedLong(mapping.group(1), 16);
        isHeap = Long.compareUnsigned(first, start) <= 0 && Long.compareUnsigned(start, end) < 0;
      } else if (!isHeap && resident.matches()) {
        kilobytes += Long.parseLong(resident.group(1));
      }
    }
    return kilobytes * 1024;
  }

  private static String diagnose(String operation) throws JMException {
    return ManagementFactory.getPlatformMBeanServer()
        .invoke(
            new ObjectName("com.sun.management:type=DiagnosticCommand"),
            operation,
            new Object[] {new String[0]},
            new String[] {String[].class.getName()})
        .toString();
  }
}
