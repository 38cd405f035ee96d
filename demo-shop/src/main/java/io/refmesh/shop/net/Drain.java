package io.refmesh.shop.net;

/** Sent through the pipeline of each connection when the shop stops. */
enum Drain {
  BEGIN
}
