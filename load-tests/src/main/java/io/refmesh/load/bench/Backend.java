package io.refmesh.load.bench;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** The application behind every pair: one nginx worker, HTTP/1.1 on one port, h2c on another. */
record Backend(int http1, int http2, Started process) {

  static final String GRPC_PATH = "/bench.Echo/Unary";
  private static final int SMALL = 512;
  private static final int MIB = 1 << 20;

  static Backend start(Path folder, int http1, int http2) throws IOException {
    Files.createDirectories(folder.resolve("files"));
    byte[] large = new byte[MIB];
    new Random(1).nextBytes(large);
    Files.write(folder.resolve("files/1m"), large);
    Files.write(folder.resolve("files/unary"), message());
    String places =
        """
              location = /small { default_type text/plain; return 200 "%s"; }
              location = /1m { alias %s/files/1m; }
              location = %s { default_type application/grpc; add_trailer grpc-status 0; alias %s/files/unary; error_page 405 =200 $uri; }
        """
            .formatted("x".repeat(SMALL), folder, GRPC_PATH, folder);
    StringBuilder temporary = new StringBuilder();
    for (String kind : new String[] {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
      temporary.append("%s_temp_path %s/%s; ".formatted(kind, folder, kind));
    }
    Files.writeString(
        folder.resolve("nginx.conf"),
        """
        %s worker_processes 1; daemon off; pid %s/pid; error_log %s/error.log error; worker_rlimit_nofile 20000;
        events { worker_connections 8192; multi_accept on; }
        http {
          access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; server_tokens off; open_file_cache max=10; %s
          keepalive_requests 1000000000; keepalive_timeout 120s; http2_max_concurrent_streams 1000;
          server { listen 127.0.0.1:%d backlog=4096; %s }
          server { listen 127.0.0.1:%d http2 backlog=4096; %s }
        }
        """
            .formatted(
                System.getProperty("user.name").equals("root") ? "user root;" : "",
                folder,
                folder,
                temporary,
                http1,
                places,
                http2,
                places));
    Process process =
        new ProcessBuilder(
                Tools.require("nginx").toString(),
                "-p",
                folder.toString(),
                "-c",
                folder.resolve("nginx.conf").toString())
            .redirectErrorStream(true)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(folder.resolve("nginx.out").toFile())
            .start();
    return new Backend(http1, http2, new Started("backend", process.toHandle()));
  }

  /** 64 bytes of protobuf, framed as gRPC does. */
  private static byte[] message() {
    byte[] framed = new byte[5 + 64];
    framed[4] = 64;
    framed[5] = 0x0a;
    framed[6] = 62;
    byte[] text = "y".repeat(62).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(text, 0, framed, 7, text.length);
    return framed;
  }
}
