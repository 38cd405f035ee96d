/**
 * What can be broken on purpose. A plan of a scenario comes in, a {@link
 * io.refmesh.chaos.fault.Fault} goes out that begins and ends on the thread of the run; {@link
 * io.refmesh.chaos.fault.Leases} ends every one of them, whatever happens.
 */
@NullMarked
package io.refmesh.chaos.fault;

import org.jspecify.annotations.NullMarked;
