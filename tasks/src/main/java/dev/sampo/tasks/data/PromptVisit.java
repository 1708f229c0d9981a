package dev.sampo.tasks.data;

import dev.sampo.protocol.GroupId;

/**
 * One visit of one row. Bad rows are visited like others, so that the same visits follow whatever
 * was repaired meanwhile.
 *
 * @param id the identity of the group that answers it
 * @param cursor where the row stands
 * @param row what was found there
 */
public record PromptVisit(GroupId id, DataCursor cursor, DataRow row) {}
