package io.refmesh.load.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A certificate authority for one run and the leaves of both sides, ECDSA P-256, made by openssl.
 */
record Certificates(Path folder) {

  private static final Duration WITHIN = Duration.ofSeconds(20);

  static Certificates make(Path folder) throws IOException {
    Certificates certificates = new Certificates(Files.createDirectories(folder));
    certificates.key("ca");
    certificates.openssl(
        "req",
        "-x509",
        "-new",
        "-key",
        "ca.key",
        "-days",
        "30",
        "-subj",
        "/CN=bench",
        "-out",
        "ca.pem",
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign");
    certificates.leaf("a");
    certificates.leaf("b");
    return certificates;
  }

  private void leaf(String name) throws IOException {
    Files.writeString(
        folder.resolve(name + ".ext"),
        """
        subjectAltName=DNS:%1$s.bench.local,URI:spiffe://bench.local/%1$s
        basicConstraints=CA:FALSE
        keyUsage=critical,digitalSignature
        extendedKeyUsage=serverAuth,clientAuth
        """
            .formatted(name));
    key(name);
    openssl(
        "req",
        "-new",
        "-key",
        name + ".key",
        "-subj",
        "/CN=" + name + ".bench.local",
        "-out",
        name + ".csr");
    openssl(
        "x509",
        "-req",
        "-in",
        name + ".csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "30",
        "-extfile",
        name + ".ext",
        "-out",
        name + ".pem");
  }

  private void key(String name) throws IOException {
    openssl(
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-out",
        name + ".key");
  }

  private void openssl(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(Tools.require("openssl").toString()));
    command.addAll(List.of(arguments));
    Tools.run(WITHIN, folder, command);
  }
}
