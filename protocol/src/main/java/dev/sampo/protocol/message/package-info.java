/** What nodes say to each other: values only, actor references as text. */
@NullMarked
package dev.sampo.protocol.message;

import org.jspecify.annotations.NullMarked;
