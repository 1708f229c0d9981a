package dev.sampo.actors.cli;

/** A signal has ended the command, which has said what there is to say. */
final class InterruptedCommandException extends RuntimeException {}
