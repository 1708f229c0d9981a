package dev.sampo.actors.journal;

import dev.sampo.protocol.ledger.LedgerEvent;
import java.time.Instant;
import java.util.Optional;

/**
 * An event as a ledger keeps it.
 *
 * @param number its place in the ledger, from 0
 * @param writtenAt when it was written; empty in a ledger that was begun before times were kept
 * @param event what happened
 */
public record LedgerEntry(long number, Optional<Instant> writtenAt, LedgerEvent event) {}
