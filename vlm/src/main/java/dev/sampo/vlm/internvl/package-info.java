/** InternVL 2.5 and 3: tiles instead of resolution, one count of positions. */
@NullMarked
package dev.sampo.vlm.internvl;

import org.jspecify.annotations.NullMarked;
