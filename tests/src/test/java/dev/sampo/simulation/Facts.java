package dev.sampo.simulation;

import dev.sampo.protocol.GroupId;
import dev.sampo.protocol.LeaseId;
import dev.sampo.protocol.PolicyVersion;
import java.util.HashSet;
import java.util.Set;

/** What was ever so in a run, whatever becomes of it. */
final class Facts {
  /** Leases that a coordinator has given out. */
  final Set<LeaseId> granted = new HashSet<>();

  /** Leases whose results the ledger has accepted. */
  final Set<LeaseId> accepted = new HashSet<>();

  /** Versions of steps and terms that the ledger has. */
  final Set<PolicyVersion> versions = new HashSet<>();

  /** Terms that the ledger has. */
  final Set<Long> terms = new HashSet<>();

  /** Groups about which there is something for which they may be set aside. */
  final Set<GroupId> excused = new HashSet<>();
}
