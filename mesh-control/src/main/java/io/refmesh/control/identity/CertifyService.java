package io.refmesh.control.identity;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.refmesh.control.identity.Refusal.Reason;
import io.refmesh.control.registry.MeshConfig;
import io.refmesh.model.wire.v1.CertifyRequest;
import io.refmesh.model.wire.v1.CertifyResponse;
import io.refmesh.model.wire.v1.IdentityGrpc;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.Supplier;

/**
 * Answers Certify: checks token and CSR, signs, writes the audit log, and only then hands the
 * certificate out. Runs on the thread of each call.
 */
public final class CertifyService extends IdentityGrpc.IdentityImplBase {

  private static final Logger LOG = System.getLogger(CertifyService.class.getName());

  private final CertificateAuthority authority;
  private final TokenVerifier tokens;
  private final Audit audit;
  private final InstantSource clock;
  private final Supplier<MeshConfig.Identity> settings;
  private final Listener listener;

  /** Told of every decision, on the thread of the call. */
  public interface Listener {
    /**
     * @param workload {@code namespace/workload/replica}
     */
    void issued(
        String workload, String identity, String serial, Instant notBefore, Instant notAfter);

    void refused(String reason);
  }

  /**
   * @param settings read at every certificate, so that a change holds from the next on
   */
  public CertifyService(
      Identity identity,
      InstantSource clock,
      Supplier<MeshConfig.Identity> settings,
      Listener listener) {
    this.authority = identity.authority();
    this.tokens = identity.tokens();
    this.audit = identity.audit();
    this.clock = clock;
    this.settings = settings;
    this.listener = listener;
  }

  @Override
  public void certify(CertifyRequest request, StreamObserver<CertifyResponse> responses) {
    CertifyResponse response;
    try {
      response = certify(request, Peer.current());
    } catch (Refusal refusal) {
      responses.onError(refusal.status().asRuntimeException());
      return;
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "a certificate could not be issued", e);
      responses.onError(
          Status.INTERNAL.withDescription("the CA failed; its log says why").asRuntimeException());
      return;
    }
    responses.onNext(response);
    responses.onCompleted();
  }

  /** One decision, audited. */
  CertifyResponse certify(CertifyRequest request, Peer peer) throws Refusal {
    try {
      return issue(request, peer);
    } catch (Refusal refusal) {
      listener.refused(refusal.reason().text());
      LOG.log(
          Level.WARNING,
          "certificate refused: reason={0} identity={1} peer={2}: {3}",
          refusal.reason().text(),
          request.getIdentity(),
          peer.address(),
          refusal.getMessage());
      try {
        audit.refused(
            request.getIdentity(),
            refusal.reason().text(),
            String.valueOf(refusal.getMessage()),
            peer.address());
      } catch (IOException e) {
        // Nothing was handed out, so the refusal stands without its line.
        LOG.log(Level.ERROR, "audit log cannot be written: " + e);
      }
      throw refusal;
    }
  }

  private CertifyResponse issue(CertifyRequest request, Peer peer) throws Refusal {
    WorkloadToken token =
        tokens.require(
            new TokenVerifier.Claim(
                request.getToken(), request.getIdentity(), request.getWorkload(), peer.host()));
    if (peer.identity().isPresent() && !peer.identity().get().equals(token.identity())) {
      throw new Refusal(
          Reason.TOKEN_REPLAYED,
          "the token of "
              + token.identity()
              + " came from "
              + peer.identity().get()
              + " (expected: its own workload)");
    }
    PublicKey key = CertificateRequest.requireKey(request.getCsr().toByteArray(), token.identity());
    MeshConfig.Identity limits = settings.get();
    CertificateAuthority.Issued issued;
    try {
      issued = authority.issue(key, token.identity(), limits.leafLifetime(), limits.clockSkew());
    } catch (CertificateAuthority.Unavailable e) {
      throw new Refusal(Reason.CA_UNAVAILABLE, String.valueOf(e.getMessage()), e);
    } catch (GeneralSecurityException e) {
      throw new Refusal(Reason.CA_UNAVAILABLE, "signing failed: " + e.getMessage(), e);
    }
    CertifyResponse response = response(issued, limits);
    try {
      audit.issued(
          token.identity().uri(),
          token.workload(),
          issued.serial(),
          issued.notAfter(),
          peer.address());
    } catch (IOException e) {
      throw new Refusal(
          Reason.AUDIT_UNAVAILABLE, "the audit log cannot be written: " + e.getMessage(), e);
    }
    listener.issued(
        token.workload(),
        token.identity().uri(),
        issued.serial(),
        issued.notBefore(),
        issued.notAfter());
    return response;
  }

  private CertifyResponse response(CertificateAuthority.Issued issued, MeshConfig.Identity limits)
      throws Refusal {
    Instant now = clock.instant();
    Duration life = Duration.between(now, issued.notAfter());
    CertifyResponse.Builder response =
        CertifyResponse.newBuilder()
            .setNotBeforeEpochMillis(issued.notBefore().toEpochMilli())
            .setNotAfterEpochMillis(issued.notAfter().toEpochMilli())
            .setRenewAtEpochMillis(
                now.plus(life.multipliedBy(limits.renewAtPercent()).dividedBy(100)).toEpochMilli());
    try {
      for (X509Certificate certificate : issued.chain()) {
        response.addChain(ByteString.copyFrom(certificate.getEncoded()));
      }
      for (X509Certificate root : authority.roots()) {
        response.addTrustRoots(ByteString.copyFrom(root.getEncoded()));
      }
    } catch (CertificateEncodingException e) {
      throw new Refusal(
          Reason.CA_UNAVAILABLE, "a certificate cannot be encoded: " + e.getMessage(), e);
    }
    return response.build();
  }
}
