/**
 * Native operations: TorchScript functions, kept as readable text in the resources of this package,
 * and typed calls to them. The one package that touches native code.
 */
@NullMarked
package dev.sampo.vlm.ops;

import org.jspecify.annotations.NullMarked;
