package io.refmesh.proxy.capture;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * iptables in either of its forms: chains of our own in the table {@code nat}, with one jump to
 * each. A family's chains are replaced in one step by {@code iptables-restore}.
 *
 * <p>Rules are written as {@code iptables-save} prints them, so that what is in the kernel can be
 * compared with them.
 *
 * @param variant {@code nft} or {@code legacy}
 */
record Iptables(Programs programs, String variant) implements Backend {

  private static final String INBOUND = "REFMESH_INBOUND";
  private static final String OUTBOUND = "REFMESH_OUTBOUND";
  private static final List<String> JUMPS =
      List.of("-A PREROUTING -p tcp -j " + INBOUND, "-A OUTPUT -p tcp -j " + OUTBOUND);

  /** Another program may hold the lock of the tables for a moment. */
  private static final String LOCK_SECONDS = "10";

  @Override
  public String name() {
    return "iptables-" + variant;
  }

  @Override
  public boolean installed() {
    return programs.has("iptables-" + variant + "-restore");
  }

  @Override
  public String text(CaptureRules rules) {
    StringBuilder text = new StringBuilder();
    for (String family : families(rules)) {
      text.append("# ").append(program(family, "restore")).append(" --noflush\n");
      text.append(script(rules, JUMPS));
    }
    return text.toString();
  }

  @Override
  public boolean present() throws IOException, InterruptedException {
    for (String family : List.of("iptables", "ip6tables")) {
      if (programs.has(program(family, "save")) && !ours(family).isEmpty()) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean holds(CaptureRules rules) throws IOException, InterruptedException {
    List<String> wanted = new ArrayList<>(JUMPS);
    wanted.addAll(chains(rules));
    List<String> sorted = wanted.stream().sorted().toList();
    for (String family : families(rules)) {
      List<String> found = ours(family);
      // The order of rules counts within a chain, not between chains.
      if (!found.stream().sorted().toList().equals(sorted)
          || !inOrder(found, INBOUND).equals(inOrder(wanted, INBOUND))
          || !inOrder(found, OUTBOUND).equals(inOrder(wanted, OUTBOUND))) {
        return false;
      }
    }
    return rules.ipv6()
        || !programs.has(program("ip6tables", "save"))
        || ours("ip6tables").isEmpty();
  }

  @Override
  public void write(CaptureRules rules) throws IOException, InterruptedException {
    for (String family : families(rules)) {
      List<String> there = ours(family);
      List<String> missing = JUMPS.stream().filter(jump -> !there.contains(jump)).toList();
      restore(family, script(rules, missing));
    }
    if (!rules.ipv6()) {
      remove("ip6tables");
    }
  }

  @Override
  public void remove() throws IOException, InterruptedException {
    remove("iptables");
    remove("ip6tables");
  }

  private void remove(String family) throws IOException, InterruptedException {
    if (!programs.has(program(family, "save"))) {
      return;
    }
    List<String> there = ours(family);
    if (there.isEmpty()) {
      return;
    }
    StringBuilder script = new StringBuilder("*nat\n");
    declare(script);
    for (String rule : there) {
      if (JUMPS.contains(rule)) {
        script.append("-D").append(rule.substring(2)).append('\n');
      }
    }
    script.append("-X ").append(INBOUND).append("\n-X ").append(OUTBOUND).append("\nCOMMIT\n");
    restore(family, script.toString());
  }

  private void restore(String family, String script) throws IOException, InterruptedException {
    Programs.Said said =
        programs.run(
            List.of(program(family, "restore"), "--noflush", "--wait", LOCK_SECONDS), script);
    if (!said.well()) {
      throw new IOException(program(family, "restore") + " refused the rules: " + said.error());
    }
  }

  /** What is ours among the rules of a family, as the tool prints it. */
  private List<String> ours(String family) throws IOException, InterruptedException {
    Programs.Said said = programs.run(List.of(program(family, "save"), "-t", "nat"), "");
    if (!said.well()) {
      throw new IOException(program(family, "save") + " could not read the rules: " + said.error());
    }
    return said.output()
        .lines()
        .filter(line -> line.startsWith("-A ") && line.contains(" REFMESH_"))
        .map(String::strip)
        .toList();
  }

  private static List<String> inOrder(List<String> rules, String chain) {
    return rules.stream().filter(rule -> rule.startsWith("-A " + chain + " ")).toList();
  }

  private static List<String> families(CaptureRules rules) {
    return rules.ipv6() ? List.of("iptables", "ip6tables") : List.of("iptables");
  }

  private String program(String family, String what) {
    return family + "-" + variant + "-" + what;
  }

  private static String script(CaptureRules rules, List<String> jumps) {
    StringBuilder text = new StringBuilder("*nat\n");
    declare(text);
    jumps.forEach(jump -> text.append(jump).append('\n'));
    chains(rules).forEach(rule -> text.append(rule).append('\n'));
    return text.append("COMMIT\n").toString();
  }

  /** A chain that is declared is made, or emptied. */
  private static void declare(StringBuilder script) {
    script.append(':').append(INBOUND).append(" - [0:0]\n");
    script.append(':').append(OUTBOUND).append(" - [0:0]\n");
  }

  private static List<String> chains(CaptureRules rules) {
    List<String> chains = new ArrayList<>();
    skip(chains, INBOUND, rules.allSkippedInbound());
    redirect(chains, INBOUND, rules.inboundPort());
    chains.add(
        "-A "
            + OUTBOUND
            + " -m owner --uid-owner "
            + rules.proxyUid()
            + comment("sidecar")
            + " -j RETURN");
    chains.add("-A " + OUTBOUND + " -o lo" + comment("loopback") + " -j RETURN");
    skip(chains, OUTBOUND, rules.skipOutbound());
    redirect(chains, OUTBOUND, rules.outboundPort());
    return chains;
  }

  private static void skip(List<String> chains, String chain, List<PortRange> skipped) {
    for (List<PortRange> group : PortRange.groups(skipped, CaptureRules.PORTS_PER_RULE)) {
      chains.add(
          "-A "
              + chain
              + " -p tcp -m multiport --dports "
              + String.join(",", group.stream().map(range -> range.text(':')).toList())
              + comment("skipped")
              + " -j RETURN");
    }
  }

  private static void redirect(List<String> chains, String chain, int port) {
    chains.add("-A " + chain + " -p tcp" + comment("capture") + " -j REDIRECT --to-ports " + port);
  }

  private static String comment(String what) {
    return " -m comment --comment refmesh-" + what;
  }
}
