package io.refmesh.proxy.capture;

import java.io.IOException;

/** One of the tools by which the kernel's address translation is told what to do. */
sealed interface Backend permits Nft, Iptables {

  /** As {@code --backend} names it. */
  String name();

  /** Whether the tool is on this machine. */
  boolean installed();

  /** What is given to the tool; the same rules give the same text. */
  String text(CaptureRules rules);

  /** Whether rules of ours, of whichever kind, are in the kernel. */
  boolean present() throws IOException, InterruptedException;

  /** Whether exactly these rules are in the kernel. */
  boolean holds(CaptureRules rules) throws IOException, InterruptedException;

  /** Puts these in the place of whatever of ours was there, all or nothing for each family. */
  void write(CaptureRules rules) throws IOException, InterruptedException;

  /** Takes ours away. */
  void remove() throws IOException, InterruptedException;
}
