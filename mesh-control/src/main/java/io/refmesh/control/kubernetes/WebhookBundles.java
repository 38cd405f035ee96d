package io.refmesh.control.kubernetes;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.WebhookClientConfig;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Keeps in both webhook configurations the CA by which the API server checks our webhooks. The
 * write carries the version that was read, so that nothing of what another writes is lost; the next
 * look tries again.
 */
final class WebhookBundles {

  private static final Logger LOG = System.getLogger(WebhookBundles.class.getName());

  private final KubernetesClient client;
  private final String name;
  private final BooleanSupplier mayWrite;

  /**
   * @param mayWrite asked right before each write
   */
  WebhookBundles(KubernetesClient client, String name, BooleanSupplier mayWrite) {
    this.client = client;
    this.name = name;
    this.mayWrite = mayWrite;
  }

  /**
   * Looks at both, and writes what is not right; a configuration that is absent is none of ours.
   */
  void keep(String rootsPem) throws IOException {
    String bundle =
        Base64.getEncoder().encodeToString(rootsPem.getBytes(StandardCharsets.US_ASCII));
    try {
      MutatingWebhookConfiguration mutating =
          client.admissionRegistration().v1().mutatingWebhookConfigurations().withName(name).get();
      if (mutating != null) {
        write(
            mutating,
            mutating.getWebhooks().stream().map(MutatingWebhook::getClientConfig).toList(),
            bundle);
      }
      ValidatingWebhookConfiguration validating =
          client
              .admissionRegistration()
              .v1()
              .validatingWebhookConfigurations()
              .withName(name)
              .get();
      if (validating != null) {
        write(
            validating,
            validating.getWebhooks().stream().map(ValidatingWebhook::getClientConfig).toList(),
            bundle);
      }
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw new IOException(e.getMessage(), e);
      }
    }
  }

  private void write(HasMetadata object, List<WebhookClientConfig> webhooks, String bundle) {
    int wrong = 0;
    for (WebhookClientConfig webhook : webhooks) {
      if (!bundle.equals(webhook.getCaBundle())) {
        webhook.setCaBundle(bundle);
        wrong++;
      }
    }
    if (wrong > 0 && mayWrite.getAsBoolean()) {
      client.resource(object).update();
      LOG.log(Level.INFO, "caBundle written: {0} {1}, {2} webhooks", object.getKind(), name, wrong);
    }
  }
}
