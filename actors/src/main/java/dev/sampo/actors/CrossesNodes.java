package dev.sampo.actors;

/** Marks the messages that travel between nodes; everything else stays in its JVM. */
public interface CrossesNodes {}
