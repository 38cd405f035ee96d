package io.refmesh.proxy.relay;

/**
 * The end of one direction, apart from its bytes: as a user event it says that the peer sends no
 * more; written to a channel it says the same to the peer, after everything written before.
 */
enum End {
  OF_DIRECTION
}
