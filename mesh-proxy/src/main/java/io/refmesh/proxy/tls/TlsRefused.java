package io.refmesh.proxy.tls;

import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.refmesh.model.error.MeshError;
import java.nio.channels.ClosedChannelException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * No mutually verified TLS connection could be made; the message says what was found and what was
 * expected.
 */
public final class TlsRefused extends SSLException {

  private static final long serialVersionUID = 1;

  /** Part of the text with which BoringSSL reports an alert that it received. */
  private static final String ALERT = "_ALERT_";

  private final TlsFailure failure;

  TlsRefused(TlsFailure failure, String message) {
    super(message);
    this.failure = failure;
  }

  TlsRefused(TlsFailure failure, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.failure = failure;
  }

  public TlsFailure failure() {
    return failure;
  }

  /** What a request that needed the connection is answered with. */
  public MeshError error() {
    return switch (failure) {
      case WRONG_IDENTITY -> MeshError.TLS_IDENTITY_MISMATCH;
      case NOT_READY -> MeshError.NOT_READY;
      case PLAINTEXT,
          NO_CERTIFICATE,
          UNKNOWN_CA,
          EXPIRED,
          NOT_YET_VALID,
          REFUSED_BY_PEER,
          TIMEOUT,
          CLOSED,
          OTHER ->
          MeshError.TLS_HANDSHAKE_FAILED;
    };
  }

  /** Finds the reason in what the TLS engine or the channel threw. */
  static TlsRefused of(Throwable thrown) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof TlsRefused refused) {
        return refused;
      }
      if (cause instanceof PeerRefused refused) {
        return new TlsRefused(refused.failure(), refused.text(), thrown);
      }
      if (cause instanceof NotSslRecordException) {
        return new TlsRefused(TlsFailure.PLAINTEXT, "the peer does not speak TLS", thrown);
      }
      if (cause instanceof SslHandshakeTimeoutException) {
        return new TlsRefused(TlsFailure.TIMEOUT, "the handshake took too long", thrown);
      }
      if (cause instanceof ClosedChannelException) {
        return new TlsRefused(
            TlsFailure.CLOSED, "the peer closed the connection during the handshake", thrown);
      }
      String message = String.valueOf(cause.getMessage());
      if (message.contains("PEER_DID_NOT_RETURN_A_CERTIFICATE")) {
        return new TlsRefused(TlsFailure.NO_CERTIFICATE, "the peer showed no certificate", thrown);
      }
      int alert = message.indexOf(ALERT);
      if (alert >= 0) {
        return new TlsRefused(
            TlsFailure.REFUSED_BY_PEER,
            "the peer refused us: "
                + message
                    .substring(alert + ALERT.length())
                    .toLowerCase(Locale.ROOT)
                    .replace('_', ' '),
            thrown);
      }
    }
    return new TlsRefused(TlsFailure.OTHER, String.valueOf(thrown.getMessage()), thrown);
  }

  /** Whether the exception is an alert that the peer sent. */
  static boolean isAlert(Throwable thrown) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof SSLException && String.valueOf(cause.getMessage()).contains(ALERT)) {
        return true;
      }
    }
    return false;
  }
}
