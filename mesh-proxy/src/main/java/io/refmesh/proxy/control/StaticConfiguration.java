package io.refmesh.proxy.control;

import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import io.refmesh.model.discovery.Destination;
import io.refmesh.model.discovery.WorkloadConfig;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.wire.DestinationWire;
import io.refmesh.model.wire.WorkloadWire;
import io.refmesh.proxy.tls.WorkloadCertificate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a control plane would have told, read from a folder: {@code certificate.pem} (leaf first),
 * {@code key.pem} (PKCS#8, EC), {@code roots.pem}, {@code workload.textproto} and {@code
 * destinations/*.textproto}, the last two messages of the control API in protobuf's text format.
 *
 * <p>Whatever is wrong is an {@link IllegalArgumentException} that names the file.
 */
public record StaticConfiguration(
    WorkloadCertificate certificate, WorkloadConfig workload, List<Destination> destinations) {

  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");

  public StaticConfiguration {
    destinations = List.copyOf(destinations);
  }

  /**
   * @param identity what the certificate must name
   */
  public static StaticConfiguration read(Path folder, SpiffeId identity) {
    WorkloadCertificate certificate =
        WorkloadCertificate.of(
            key(folder.resolve("key.pem")),
            TrustRoots.read(folder.resolve("certificate.pem")).current(),
            TrustRoots.read(folder.resolve("roots.pem")).current());
    if (!certificate.identity().equals(identity)) {
      throw new IllegalArgumentException(
          folder.resolve("certificate.pem")
              + ": names "
              + certificate.identity()
              + " (expected: "
              + identity
              + ", as REFMESH_IDENTITY says)");
    }
    return new StaticConfiguration(
        certificate,
        workload(folder.resolve("workload.textproto"), text(folder.resolve("workload.textproto"))),
        destinations(folder));
  }

  /**
   * The text of one destination.
   *
   * @param file for messages
   */
  public static Destination destination(Path file, String text) {
    var message = io.refmesh.model.wire.v1.Destination.newBuilder();
    merge(file, text, message);
    return refusedWith(file, () -> DestinationWire.decode(message.build()));
  }

  /**
   * The text of the workload's own part.
   *
   * @param file for messages
   */
  public static WorkloadConfig workload(Path file, String text) {
    var message = io.refmesh.model.wire.v1.WorkloadConfig.newBuilder();
    merge(file, text, message);
    return refusedWith(file, () -> WorkloadWire.decode(message.build()));
  }

  private static PrivateKey key(Path file) {
    Matcher pem = KEY.matcher(text(file));
    try {
      if (pem.find()) {
        byte[] der = Base64.getMimeDecoder().decode(pem.group(1));
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
      }
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          file + ": cannot be read (expected: an EC key in PKCS#8, PEM)", e);
    }
    throw new IllegalArgumentException(
        file + ": no key in it (expected: an EC key in PKCS#8, PEM)");
  }

  private static List<Destination> destinations(Path folder) {
    Path all = folder.resolve("destinations");
    List<Destination> found = new ArrayList<>();
    if (Files.isDirectory(all)) {
      try (Stream<Path> files = Files.list(all)) {
        for (Path file : files.filter(f -> f.toString().endsWith(".textproto")).sorted().toList()) {
          found.add(destination(file, text(file)));
        }
      } catch (IOException e) {
        throw new IllegalArgumentException(all + ": cannot be read (" + e + ")", e);
      }
    }
    return found;
  }

  private static void merge(Path file, String text, Message.Builder message) {
    try {
      TextFormat.merge(text, message);
    } catch (TextFormat.ParseException e) {
      throw new IllegalArgumentException(
          file
              + ":"
              + e.getMessage()
              + " (expected: "
              + message.getDescriptorForType().getFullName()
              + " in text format)",
          e);
    }
  }

  private static <T> T refusedWith(Path file, Supplier<T> decode) {
    try {
      return decode.get();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalArgumentException(file + ": cannot be read (" + e + ")", e);
    }
  }
}
