/**
 * What a run knows about its groups, without actors: the ledger, the leases, the staleness gate and
 * the dispatch that ties them together. Nothing here is thread-safe; one actor owns it.
 */
@NullMarked
package dev.sampo.actors.run;

import org.jspecify.annotations.NullMarked;
