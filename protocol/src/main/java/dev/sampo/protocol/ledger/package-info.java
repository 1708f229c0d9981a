/** What a run's ledger keeps: everything that happened to its groups, terms and versions. */
@NullMarked
package dev.sampo.protocol.ledger;

import org.jspecify.annotations.NullMarked;
