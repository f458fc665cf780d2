/*
 * kafka_mock: librdkafka's mock cluster of one broker as a process of its own, like a real broker.
 *
 *     kafka_mock
 *
 * Prints its address and goes on until its standard input ends. It keeps 100,000 messages or 5 MiB
 * of a partition, whichever is less: a consumer that falls behind further loses messages.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <stdio.h>

int main(void)
{
    char reason[256] = "";
    rd_kafka_t *host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), reason, sizeof reason);
    rd_kafka_mock_cluster_t *cluster = host == NULL ? NULL : rd_kafka_mock_cluster_new(host, 1);

    if (cluster == NULL) {
        (void)fprintf(stderr, "kafka_mock: %s\n", reason);
        return 1;
    }
    (void)printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    (void)fflush(stdout);
    while (getchar() != EOF) {
    }
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
    return 0;
}
