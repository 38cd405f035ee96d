package io.refmesh.cli;

import io.refmesh.local.tap.LocalTap;
import io.refmesh.model.wire.v1.TapRequest;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code mesh tap}: shows the live requests of a workload. */
@Command(
    name = "tap",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Shows the live requests of a workload, head by head, never a body.")
final class TapCommand implements Callable<Integer> {

  @Mixin private final StateOption state = new StateOption();

  @Parameters(paramLabel = "WORKLOAD", description = "Name of the workload.")
  @SuppressWarnings("NullAway.Init")
  private String workload;

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAMESPACE",
      description = "Its namespace (default: ${DEFAULT-VALUE}).",
      defaultValue = "default")
  @SuppressWarnings("NullAway.Init")
  private String namespace;

  @Option(
      names = "--direction",
      description = "inbound or outbound (default: both).",
      defaultValue = "")
  @SuppressWarnings("NullAway.Init")
  private String direction;

  @Option(names = "--method", description = "Only requests with this method.", defaultValue = "")
  @SuppressWarnings("NullAway.Init")
  private String method;

  @Option(names = "--path", description = "Only requests whose path begins so.", defaultValue = "")
  @SuppressWarnings("NullAway.Init")
  private String path;

  @Option(
      names = "--authority",
      description = "Only requests to this authority.",
      defaultValue = "")
  @SuppressWarnings("NullAway.Init")
  private String authority;

  @Option(
      names = "--peer",
      description = "Only requests from or to this identity (spiffe://…).",
      defaultValue = "")
  @SuppressWarnings("NullAway.Init")
  private String peer;

  @Option(
      names = "--status",
      paramLabel = "CLASS",
      description = "Only answers of this class: 1 to 5.",
      defaultValue = "0")
  private int statusClass;

  @Option(
      names = "--max-rps",
      paramLabel = "N",
      description = "Requests a second of each instance (default: ${DEFAULT-VALUE}).",
      defaultValue = "100")
  private int maxPerSecond;

  @Option(
      names = "--max",
      paramLabel = "N",
      description = "End after so many requests of each instance (default: never).",
      defaultValue = "0")
  private long maxRequests;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = "text or json, a line for each event (default: ${DEFAULT-VALUE}).",
      defaultValue = "text")
  @SuppressWarnings("NullAway.Init")
  private Format format;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  private enum Format {
    TEXT,
    JSON
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    LocalTap.watch(
        state.directory(),
        namespace,
        workload,
        TapRequest.newBuilder()
            .setDirection(direction)
            .setMethod(method)
            .setPathPrefix(path)
            .setAuthority(authority)
            .setPeer(peer)
            .setStatusClass(statusClass)
            .setMaxPerSecond(maxPerSecond)
            .setMaxRequests(maxRequests)
            .build(),
        InstantSource.system(),
        (instance, event) -> {
          out.println(
              switch (format) {
                case TEXT -> TapLines.text(instance, event);
                case JSON -> TapLines.json(instance, event);
              });
          out.flush();
        });
    return ExitCode.PASSED;
  }
}
