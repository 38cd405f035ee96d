package io.refmesh.proxy.capture;

import java.io.IOException;
import java.util.List;

/**
 * nftables: one table for both families, which is replaced whole.
 *
 * <p>The text is written as {@code nft list} prints it, so that what is in the kernel can be
 * compared with it.
 */
record Nft(Programs programs) implements Backend {

  private static final String TABLE = "table inet refmesh";

  @Override
  public String name() {
    return "nft";
  }

  @Override
  public boolean installed() {
    return programs.has("nft");
  }

  @Override
  public String text(CaptureRules rules) {
    StringBuilder text = new StringBuilder(TABLE + " {\n");
    text.append("\tchain inbound {\n");
    text.append("\t\ttype nat hook prerouting priority dstnat; policy accept;\n");
    skip(text, rules.allSkippedInbound());
    redirect(text, rules, rules.inboundPort());
    text.append("\t}\n\n");
    text.append("\tchain outbound {\n");
    text.append("\t\ttype nat hook output priority -100; policy accept;\n");
    text.append("\t\tmeta skuid ").append(rules.proxyUid()).append(" return\n");
    text.append("\t\toifname \"lo\" return\n");
    skip(text, rules.skipOutbound());
    redirect(text, rules, rules.outboundPort());
    text.append("\t}\n}\n");
    return text.toString();
  }

  @Override
  public boolean present() throws IOException, InterruptedException {
    return programs.run(List.of("nft", "list", "table", "inet", "refmesh"), "").well();
  }

  @Override
  public boolean holds(CaptureRules rules) throws IOException, InterruptedException {
    Programs.Said said =
        programs.run(List.of("nft", "--stateless", "list", "table", "inet", "refmesh"), "");
    return said.well() && said.output().equals(text(rules));
  }

  @Override
  public void write(CaptureRules rules) throws IOException, InterruptedException {
    // One transaction. Declared first, so that there is something to delete the first time.
    run(TABLE + " {}\ndelete " + TABLE + "\n" + text(rules));
  }

  @Override
  public void remove() throws IOException, InterruptedException {
    run("delete " + TABLE + "\n");
  }

  private void run(String script) throws IOException, InterruptedException {
    Programs.Said said = programs.run(List.of("nft", "-f", "-"), script);
    if (!said.well()) {
      throw new IOException("nft refused the rules: " + said.error());
    }
  }

  private static void skip(StringBuilder text, List<PortRange> skipped) {
    // The kernel's sets join neighbours; rules are kept as short as iptables needs them.
    List<PortRange> joined = PortRange.merged(skipped, 1);
    for (List<PortRange> group : PortRange.groups(joined, CaptureRules.PORTS_PER_RULE)) {
      String ports = String.join(", ", group.stream().map(range -> range.text('-')).toList());
      text.append("\t\ttcp dport ")
          .append(group.size() == 1 ? ports : "{ " + ports + " }")
          .append(" return\n");
    }
  }

  private static void redirect(StringBuilder text, CaptureRules rules, int port) {
    text.append("\t\t")
        .append(rules.ipv6() ? "" : "meta nfproto ipv4 ")
        .append("meta l4proto tcp redirect to :")
        .append(port)
        .append('\n');
  }
}
