package dev.sampo.actors.node;

import java.time.Duration;
import java.util.Optional;

/**
 * Where a node is, and how it finds the others.
 *
 * @param host address that it binds and that others reach it by
 * @param port port of cluster messages; 0 takes a free one
 * @param httpPort port of HTTP; 0 takes a free one
 * @param join HOST:PORT of a node to join; empty to form a new cluster
 * @param patience how long a node without the learner waits for that node and for weights
 */
public record NodeAddress(
    String host, int port, int httpPort, Optional<String> join, Duration patience) {}
