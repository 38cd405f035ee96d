package io.refmesh.proxy.control;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.refmesh.model.identity.SpiffeId;
import io.refmesh.model.wire.v1.CertifyRequest;
import io.refmesh.model.wire.v1.CertifyResponse;
import io.refmesh.model.wire.v1.IdentityGrpc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/** Asks the control plane's CA, proving the workload by its token. */
final class GrpcCertifier implements Certifier {

  private final ControlChannels channels;
  private final Path tokenFile;
  private final String workload;

  /**
   * @param workload {@code namespace/workload/replica}
   * @param tokenFile read for every request: whoever issues tokens replaces them before they end
   */
  GrpcCertifier(ControlChannels channels, String workload, Path tokenFile) {
    this.channels = channels;
    this.workload = workload;
    this.tokenFile = tokenFile;
  }

  @Override
  public Certified certify(SpiffeId identity, byte[] csr, Duration timeout) throws Refused {
    CertifyRequest request =
        CertifyRequest.newBuilder()
            .setIdentity(identity.uri())
            .setCsr(ByteString.copyFrom(csr))
            .setToken(token())
            .setWorkload(workload)
            .build();
    ManagedChannel channel = channel();
    try {
      return decode(
          IdentityGrpc.newBlockingStub(channel)
              .withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS)
              .certify(request));
    } catch (StatusRuntimeException e) {
      throw new Refused(meaning(e.getStatus()), e);
    } catch (IllegalArgumentException e) {
      throw new Refused("the control plane's answer cannot be read: " + e.getMessage(), e);
    } finally {
      channel.shutdownNow();
    }
  }

  private String token() throws Refused {
    try {
      String token = Files.readString(tokenFile).strip();
      if (token.isEmpty()) {
        throw new Refused("token: " + tokenFile + " is empty (expected: the workload's token)");
      }
      return token;
    } catch (IOException e) {
      throw new Refused("token: " + tokenFile + " cannot be read (" + e + ")", e);
    }
  }

  private ManagedChannel channel() throws Refused {
    try {
      return channels.withoutCertificate();
    } catch (SSLException e) {
      throw new Refused("TLS to the control plane cannot be set up (" + e.getMessage() + ")", e);
    }
  }

  private static Certified decode(CertifyResponse response) {
    return new Certified(
        certificates(response.getChainList()),
        certificates(response.getTrustRootsList()),
        Instant.ofEpochMilli(response.getRenewAtEpochMillis()));
  }

  private static List<X509Certificate> certificates(List<ByteString> der) {
    return der.stream().map(ByteString::toByteArray).map(TrustRoots::decodeOne).toList();
  }

  private static String meaning(Status status) {
    String facts = ControlErrors.text(status);
    return switch (status.getCode()) {
      case UNAUTHENTICATED ->
          "the control plane refused the token ("
              + facts
              + "); is it current and for this workload?";
      case INVALID_ARGUMENT, PERMISSION_DENIED ->
          "the control plane refused the request (" + facts + ")";
      default -> "the control plane could not be asked (" + facts + ")";
    };
  }
}
