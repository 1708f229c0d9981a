package dev.sampo.fault;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A PostgreSQL server of this test alone, on the loopback interface, with a user {@value #USER} who
 * has the password {@value #PASSWORD}. Its programs come with {@code mvn -Pfull}.
 */
public final class PostgresServer {
  public static final String USER = "sampo";
  public static final String PASSWORD = "quite secret";
  private static final String PROGRAMS = "/postgres-linux-x86_64.txz";

  private final List<String> asUser;
  private final Path programs;
  private final Path folder;
  private final int port;

  private PostgresServer(List<String> asUser, Path programs, Path folder, int port) {
    this.asUser = asUser;
    this.programs = programs;
    this.folder = folder;
    this.port = port;
  }

  /** Why there can be no server; empty if there can. */
  public static Optional<String> whatIsMissing() throws IOException, InterruptedException {
    if (PostgresServer.class.getResource(PROGRAMS) == null) {
      return Optional.of("PostgreSQL comes with mvn -Pfull verify");
    }
    if (!works("tar", "--version") || !works("xz", "--version")) {
      return Optional.of("PostgreSQL cannot be unpacked without tar and xz");
    }
    if (isRoot() && !works("unshare", "--user", "true")) {
      return Optional.of("PostgreSQL refuses root, who cannot leave its user namespace here");
    }
    return Optional.empty();
  }

  private static boolean isRoot() {
    return System.getProperty("user.name").equals("root");
  }

  private static boolean works(String... command) throws InterruptedException {
    try {
      return new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false; // there is no such program
    }
  }

  /**
   * Starts one.
   *
   * @param folder for its programs and data
   */
  public static PostgresServer start(Path folder) throws IOException, InterruptedException {
    Path archive = folder.resolve("postgres.txz");
    try (InputStream in = PostgresServer.class.getResourceAsStream(PROGRAMS)) {
      Files.copy(in, archive);
    }
    Path programs = Files.createDirectory(folder.resolve("postgres"));
    run(List.of("tar", "-xJf", archive.toString(), "-C", programs.toString()));
    PostgresServer server =
        new PostgresServer(
            isRoot() ? List.of("unshare", "--user") : List.of(), programs, folder, freePort());
    Files.writeString(server.passwordFile(), PASSWORD);
    server.run(
        "initdb",
        "--username=" + USER,
        "--pwfile=" + server.passwordFile(),
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
        "--pgdata=" + server.data());
    server.start();
    return server;
  }

  /** Starts it again, where it was before; returns when it answers. */
  void start() throws IOException, InterruptedException {
    String options = "-p " + port + " -h 127.0.0.1 -k ''";
    run(
        "pg_ctl",
        "start",
        "--wait",
        "--pgdata=" + data(),
        "--log=" + folder.resolve("postgres.log"),
        "-o",
        options);
  }

  /** Stops it as a crash would, its clients' transactions included. */
  public void crash() throws IOException, InterruptedException {
    run("pg_ctl", "stop", "--wait", "--mode=immediate", "--pgdata=" + data());
  }

  /** Stops all its processes as they are: connections stay, and nobody answers. */
  void freeze() throws IOException, InterruptedException {
    signal("-STOP");
  }

  void thaw() throws IOException, InterruptedException {
    signal("-CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    long postmaster =
        Long.parseLong(Files.readAllLines(data().resolve("postmaster.pid")).getFirst());
    ProcessHandle server = ProcessHandle.of(postmaster).orElseThrow();
    for (ProcessHandle process : Stream.concat(Stream.of(server), server.descendants()).toList()) {
      run(List.of("kill", signal, String.valueOf(process.pid())));
    }
  }

  /** Makes an empty database and returns its JDBC URL. */
  public String database(String name) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url("postgres"), USER, PASSWORD);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE \"" + name + "\"");
    }
    return url(name);
  }

  private String url(String database) {
    return "jdbc:postgresql://127.0.0.1:%d/%s".formatted(port, database);
  }

  private Path data() {
    return folder.resolve("data");
  }

  /** Has the password in its only line. */
  public Path passwordFile() {
    return folder.resolve("password");
  }

  private void run(String program, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(asUser);
    command.add(programs.resolve("bin").resolve(program).toString());
    Collections.addAll(command, arguments);
    run(command);
  }

  private static void run(List<String> command) throws IOException, InterruptedException {
    Path said = Files.createTempFile("said", ".txt"); // a server that goes on keeps it open
    try {
      int code =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(said.toFile())
              .start()
              .waitFor();
      if (code != 0) {
        throw new IOException(
            "%s ended with %d:%n%s".formatted(command, code, Files.readString(said)));
      }
    } finally {
      Files.delete(said);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
