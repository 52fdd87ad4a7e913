// A client for limbo_test.py and chain_test.py: it says what it thinks of servers, at any date of the last years.
//
// A line on stdin is "PORT HOST UNIX_MS VERSION ROOTS": connect to this port of loopback and shake hands, in
// the name of HOST, at this time, in TLS "1.2" or "1.3", trusting the certificates in this file. One on
// stdout answers it: "ERROR MS CHECKS TEXT", the name of the error, the processor's time that it took, how many
// signatures were checked, and what the client said about it.

// The dates of the cases lie before this Picket was built: this program's own copy of the clock has another
// floor.
#undef PICKET_BUILD_TIME
#define PICKET_BUILD_TIME 1420070400 // 2015
#include "clock.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <psa/crypto.h>

#include "arena.h"
#include "picket/tls.h"
#include "socket_port.h"

#define ROOTS_MAX (2u * 1024u * 1024u)
#define WAIT_MS   10 // the port's wait sees what arrives, not that there is room to send

// For forty certificates more than one connection is promised.
static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(1) + 128 * 1024];
static _Alignas(8) uint8_t anchors[ROOTS_MAX];
static uint8_t roots[ROOTS_MAX];

// The linker leads all calls here (--wrap).
static unsigned checks;

psa_status_t __real_psa_verify_hash(psa_key_id_t key, psa_algorithm_t alg, const uint8_t *hash,
                                    size_t hash_len, const uint8_t *signature, size_t len);
psa_status_t __wrap_psa_verify_hash(psa_key_id_t key, psa_algorithm_t alg, const uint8_t *hash,
                                    size_t hash_len, const uint8_t *signature, size_t len);
psa_status_t __wrap_psa_verify_hash(psa_key_id_t key, psa_algorithm_t alg, const uint8_t *hash,
                                    size_t hash_len, const uint8_t *signature, size_t len)
{
    checks++;
    return __real_psa_verify_hash(key, alg, hash, hash_len, signature, len);
}

typedef struct question {
    unsigned port;
    char host[260];
    long long unix_ms;
    char version[4];
    char roots[512];
} question_t;

// "-": those of the web.
static int load_roots(const char *path, picket_trust_t *trust)
{
    if (strcmp(path, "-") == 0) {
        *trust = picket_trust_web;
        return 0;
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return PICKET_ERR_ARG;
    size_t len = fread(roots, 1, sizeof roots, file);
    fclose(file);
    return picket_trust_load(trust, roots, len, anchors, sizeof anchors, NULL);
}

static int shake_hands(picket_t *client, const question_t *q, picket_detail_t *detail)
{
    static const picket_address_t loopback = {.family = 4, .bytes = {127, 0, 0, 1}};
    picket_tls_t tls = {0};
    picket_tls_target_t target = {.host = q->host, .port = (uint16_t)q->port, .address = &loopback};
    int ready = picket_tls_start(&tls, client, &target);
    while (ready == 0 || ready == PICKET_AGAIN) {
        const uint32_t ms = picket_poll(client);
        socket_port()->wait(NULL, ms < WAIT_MS ? ms : WAIT_MS);
        ready = picket_tls_ready(&tls);
    }
    *detail = picket_tls_detail(&tls);
    picket_tls_close(&tls);
    return ready > 0 ? 0 : ready;
}

static int ask(const question_t *q, picket_detail_t *detail)
{
    static picket_t client;
    picket_trust_t trust;
    uint16_t version = strcmp(q->version, "1.3") == 0 ? PICKET_TLS_1_3 : PICKET_TLS_1_2;
    int error = load_roots(q->roots, &trust);
    if (error != 0)
        return error;
    socket_port_deterministic(0, q->unix_ms);
    memset(&client, 0, sizeof client);
    error = picket_init(&client, &(picket_config_t){.port = socket_port(),
                                                    .arena = arena,
                                                    .arena_len = sizeof arena,
                                                    .trust = &trust,
                                                    .tls_min = version,
                                                    .tls_max = version});
    if (error == 0)
        error = shake_hands(&client, q, detail);
    if (!arena_check())
        abort();
    picket_deinit(&client);
    return error;
}

static unsigned processor_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (unsigned)ts.tv_sec * 1000 + (unsigned)ts.tv_nsec / 1000000;
}

int main(void)
{
    question_t q;
    while (scanf("%u %259s %lld %3s %511s", &q.port, q.host, &q.unix_ms, q.version, q.roots) == 5) {
        picket_detail_t detail = {0};
        unsigned began = processor_ms();
        checks = 0;
        int error = ask(&q, &detail);
        printf("%s %u %u %s\n", picket_error_name(error), processor_ms() - began, checks, detail.text);
        fflush(stdout);
    }
    return 0;
}
