/** Where the events of a run's ledger are kept. */
@NullMarked
package dev.sampo.actors.journal;

import org.jspecify.annotations.NullMarked;
