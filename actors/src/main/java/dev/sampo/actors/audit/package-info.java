/** What the ledger of a run says, and whether it agrees with the run's recording. */
@NullMarked
package dev.sampo.actors.audit;

import org.jspecify.annotations.NullMarked;
