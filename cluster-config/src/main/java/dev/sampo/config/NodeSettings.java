package dev.sampo.config;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * This node of the cluster.
 *
 * @param roles what it does
 * @param host address that it binds and that the other nodes reach it by
 * @param port port of the cluster messages; 0 takes a free one
 * @param httpPort port of images and weights; 0 takes a free one
 * @param join {@code HOST:PORT} of a node of the cluster to join; empty forms a new cluster
 * @param patience how long a node without the learner waits for the cluster and for weights, before
 *     it ends
 */
public record NodeSettings(
    List<NodeRole> roles,
    String host,
    int port,
    int httpPort,
    Optional<String> join,
    Duration patience) {
  private static final Pattern HOST_PORT = Pattern.compile("[^:\\s]+:[0-9]{1,5}");
  private static final int MAX_PORT = 65_535;

  public NodeSettings {
    roles = roles.stream().distinct().toList();
    Require.that(!roles.isEmpty(), "roles", "at least one role", "none");
    Require.that(!host.isBlank(), "host", "a host name or address", "nothing");
    Require.that(port >= 0 && port <= MAX_PORT, "port", "in 0..65535", port);
    Require.that(httpPort >= 0 && httpPort <= MAX_PORT, "http-port", "in 0..65535", httpPort);
    join.ifPresent(
        seed -> Require.that(HOST_PORT.matcher(seed).matches(), "join", "HOST:PORT", seed));
    Require.that(patience.isPositive(), "patience", "> 0s", patience);
  }

  public boolean has(NodeRole role) {
    return roles.contains(role);
  }
}
