/* launch_k8s_manifest: what a cluster is asked to make, as the manifests of its API. */
#include "launch_k8s_inner.h"

#include "escape.h"

#include <inttypes.h>
#include <string.h>

#define LABEL "app.kubernetes.io/instance"

static void write_metadata(const struct k8s_job *job, const char *owner_uid, struct text *out)
{
    text_addf(out,
              "metadata:\n"
              "  name: %s\n"
              "  labels:\n"
              "    app.kubernetes.io/name: millrace-agent\n"
              "    " LABEL ": %s\n"
              "    app.kubernetes.io/managed-by: millrace\n",
              job->name, job->name);
    if (owner_uid == NULL) {
        return;
    }
    text_addf(out,
              "  ownerReferences:\n"
              "    - apiVersion: batch/v1\n"
              "      kind: Job\n"
              "      name: %s\n"
              "      uid: ",
              job->name);
    escape_json(owner_uid, out);
    text_add(out, "\n");
}

/* The Secret's file is its group's, and an agent takes no file that others than its owner can read:
 * a shell opens it. */
static void write_command(const struct k8s_job *job, struct text *out)
{
    text_add(out, "          command: [\"/bin/sh\", \"-c\", "
                  "\"exec \\\"$0\\\" \\\"$@\\\" < /run/millrace/join\"]\n"
                  "          args: [");
    escape_json(job->agent, out);
    text_addf(out, ", \"--join\", \"-\", \"--pod\", \"%" PRId64 "\"", job->join_s);
    if (job->enrolment != 0) {
        text_addf(out, ", \"--enrolment\", \"%" PRIx64 "\"", job->enrolment);
    }
    text_add(out, "]\n");
}

/* As the profile "restricted" of the Pod Security Standards wants it. */
static void write_container(const struct k8s_job *job, struct text *out)
{
    text_add(out, "      containers:\n"
                  "        - name: agent\n"
                  "          image: ");
    escape_json(job->image, out);
    text_add(out, "\n");
    write_command(job, out);
    text_add(out, "          terminationMessagePolicy: FallbackToLogsOnError\n"
                  "          securityContext:\n"
                  "            allowPrivilegeEscalation: false\n"
                  "            capabilities:\n"
                  "              drop: [ALL]\n"
                  "          volumeMounts:\n"
                  "            - name: join\n"
                  "              mountPath: /run/millrace\n"
                  "              readOnly: true\n");
}

static void write_pod(const struct k8s_job *job, struct text *out)
{
    text_addf(out,
              "    spec:\n"
              "      restartPolicy: Never\n"
              "      subdomain: %s\n"
              "      automountServiceAccountToken: false\n"
              "      enableServiceLinks: false\n"
              "      securityContext:\n"
              "        runAsNonRoot: true\n"
              "        runAsUser: 65532\n"
              "        runAsGroup: 65532\n"
              "        fsGroup: 65532\n"
              "        seccompProfile:\n"
              "          type: RuntimeDefault\n"
              "      topologySpreadConstraints:\n"
              "        - maxSkew: 1\n"
              "          topologyKey: kubernetes.io/hostname\n"
              "          whenUnsatisfiable: ScheduleAnyway\n"
              "          labelSelector:\n"
              "            matchLabels:\n"
              "              " LABEL ": %s\n",
              job->name, job->name);
    write_container(job, out);
    text_addf(out,
              "      volumes:\n"
              "        - name: join\n"
              "          secret:\n"
              "            secretName: %s\n"
              "            defaultMode: 0440\n",
              job->name);
}

/* No pod is made anew, and the end of one is not that of the others: a plain backoffLimit of 0
 * would end them all, though a run may go on without one. */
void k8s_write_job(const struct k8s_job *job, struct text *out)
{
    text_add(out, "apiVersion: batch/v1\n"
                  "kind: Job\n");
    write_metadata(job, NULL, out);
    text_addf(out,
              "spec:\n"
              "  completionMode: Indexed\n"
              "  completions: %u\n"
              "  parallelism: %u\n"
              "  podReplacementPolicy: Failed\n"
              "  backoffLimitPerIndex: 0\n"
              "  ttlSecondsAfterFinished: %d\n"
              "  template:\n"
              "    metadata:\n"
              "      labels:\n"
              "        app.kubernetes.io/name: millrace-agent\n"
              "        " LABEL ": %s\n",
              job->pods, job->pods, K8S_KEPT_S, job->name);
    write_pod(job, out);
}

/* By it the pods have names: NAME-0.NAME and so on. */
void k8s_write_service(const struct k8s_job *job, const char *owner_uid, struct text *out)
{
    text_add(out, "apiVersion: v1\n"
                  "kind: Service\n");
    write_metadata(job, owner_uid, out);
    text_addf(out,
              "spec:\n"
              "  clusterIP: None\n"
              "  publishNotReadyAddresses: true\n"
              "  selector:\n"
              "    " LABEL ": %s\n",
              job->name);
}

void k8s_write_secret(const struct k8s_job *job, const char *owner_uid, const char *join_line,
                      struct text *out)
{
    text_add(out, "apiVersion: v1\n"
                  "kind: Secret\n");
    write_metadata(job, owner_uid, out);
    text_add(out, "immutable: true\n"
                  "stringData:\n"
                  "  join: \"");
    text_add_bytes(out, join_line, strcspn(join_line, "\n")); /* Of base64url, "-", ":" and ".". */
    text_add(out, "\"\n");
}
