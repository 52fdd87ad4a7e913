// Exported sessions, imported: as they are, or made to look right from outside, so that what comes behind length, digest and
// sum is seen. What is taken is offered to a server, and exported again. The first byte says what is put right.
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <psa/crypto.h>

#include "arena.h"
#include "fuzz.h"
#include "picket/clock.h"
#include "picket/session.h"
#include "script_port.h"

enum { SEAL = 1, DATE = 2, LENGTH = 4 }; // of the first byte
enum { HEAD = 40, SUM = 32, RECORD = 28, BOUND = 8, VERSION = 5 };

static _Alignas(8) uint8_t memory[PICKET_STACK_SIZE + 98304];
static picket_t client;
static const picket_pin_t pin = {.sha256 = {1, 2, 3}};
static const picket_trust_t trust = {.pins = &pin, .pin_count = 1};

static void put(uint8_t *at, uint64_t n, unsigned bytes)
{
    while (bytes-- > 0) {
        at[bytes] = (uint8_t)n;
        n >>= 8;
    }
}

// What a client with this store, and no certificate of its own, is bound to (src/tls_export.c).
static void bind(uint8_t out[32])
{
    static const char version[] = PICKET_VERSION " " MBEDTLS_VERSION_STRING;
    uint8_t bytes[sizeof version + 4 + 4 + 32 + 4] = {0};
    size_t len;
    memcpy(bytes, version, sizeof version);
    bytes[sizeof version + 7] = 1; // no anchor, one pin
    memcpy(bytes + sizeof version + 8, pin.sha256, 32);
    HOLDS(psa_hash_compute(PSA_ALG_SHA_256, bytes, sizeof bytes, out, 32, &len) == PSA_SUCCESS);
}

// A record at `at`: where it ends, or 0.
static size_t record_end(const uint8_t *data, size_t len, size_t at)
{
    if (len < SUM || at + RECORD > len - SUM)
        return 0;
    size_t end = at + RECORD + data[at + 4] + ((size_t)data[at] << 8 | data[at + 1]);
    return end <= len - SUM ? end : 0;
}

// The version and the configuration of the Mbed TLS here, which may not be those of the corpus.
static void put_version(uint8_t *data, size_t at, size_t end)
{
    uint8_t bytes[512];
    size_t len;
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    session.MBEDTLS_PRIVATE(tls_version) = MBEDTLS_SSL_VERSION_TLS1_2;
    HOLDS(mbedtls_ssl_session_save(&session, bytes, sizeof bytes, &len) == 0);
    mbedtls_ssl_session_free(&session);
    at += RECORD + data[at + 4];
    if (end - at >= VERSION)
        memcpy(data + at, bytes, VERSION);
}

// When the ticket of TLS 1.3 came, in what Mbed TLS has saved: behind its version, what the session is (9), a key and a
// host name, each with its length.
static void date_ticket(uint8_t *data, size_t at, size_t end)
{
    at += RECORD + data[at + 4];
    if (end - at < 15 || data[at + 5] != 4 || end - at < 17u + data[at + 14])
        return;
    at += 15u + data[at + 14];
    at += 2u + ((size_t)data[at] << 8 | data[at + 1]);
    if (at + 8 <= end)
        put(data + at, (uint64_t)script.unix_ms - 1000, 8);
}

static void date(uint8_t *data, size_t len)
{
    for (size_t at = HEAD, end; (end = record_end(data, len, at)) != 0; at = end) {
        put(data + at + 5, (uint64_t)script.unix_ms - 1000, 8);
        put(data + at + 13, (uint64_t)script.unix_ms - 2000, 8);
        put(data + at + 21, 2999, 2);
        put_version(data, at, end);
        date_ticket(data, at, end);
    }
}

static void put_right(uint8_t *data, size_t len, uint8_t what)
{
    size_t n;
    if (len < HEAD + SUM)
        return;
    if ((what & LENGTH) != 0) {
        memcpy(data, "PKTS\1", 5);
        put(data + 6, len, 2);
    }
    if ((what & DATE) != 0)
        date(data, len);
    if ((what & SEAL) == 0)
        return;
    bind(data + BOUND);
    HOLDS(psa_hash_compute(PSA_ALG_SHA_256, data, len - SUM, data + len - SUM, SUM, &n) == PSA_SUCCESS);
}

static size_t used(void)
{
    size_t bytes;
    picket_memory(&client, &bytes, NULL);
    return bytes;
}

// The peer hears the ClientHello and says nothing.
static void offer(const uint8_t *data, size_t len, size_t at)
{
    char host[256], url[300];
    picket_http_t http = {0};
    size_t host_len = data[at + 4];
    bool six;
    if (record_end(data, len, at) == 0)
        return;
    memcpy(host, data + at + RECORD, host_len);
    host[host_len] = '\0';
    six = strchr(host, ':') != NULL;
    snprintf(url, sizeof url, "https://%s%s%s:%u/", six ? "[" : "", host, six ? "]" : "",
             (unsigned)(data[at + 2] << 8 | data[at + 3]));
    HOLDS(picket_http_start(&http, &client, &(picket_request_t){.url = url}) == 0);
    for (int i = 0; i < 8 && picket_http_detail(&http).error == 0; i++)
        (void)picket_poll(&client);
    HOLDS(picket_http_detail(&http).error != PICKET_ERR_INTERNAL);
    picket_http_close(&http);
}

static void export_again(void)
{
    static uint8_t again[PICKET_SESSION_EXPORT_MAX];
    int n = picket_session_export(&client, again, sizeof again);
    HOLDS(n > 0 && n == picket_session_export(&client, NULL, 0));
    HOLDS(picket_session_import(&client, again, (size_t)n) == 0); // no newer than what is there
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const nobody = NULL;
    fuzz_input_t in = {data, len};
    uint8_t what = fuzz_byte(&in);
    size_t size = in.left < 65535 ? in.left : 65535;
    uint8_t *bytes = fuzz_bytes(in.at, size);
    script_reset();
    script.unix_ms = (picket_clock_floor() + 86400 * 3) * 1000;
    HOLDS(picket_init(&client, &(picket_config_t){.arena = memory,
                                                  .arena_len = sizeof memory,
                                                  .trust = &trust,
                                                  .time_servers = &nobody,
                                                  .port = script_port()}) == 0);
    size_t before = used();
    put_right(bytes, size, what);
    int n = picket_session_import(&client, bytes, size);
    HOLDS(n == PICKET_ERR_SESSION || (n >= 0 && n <= PICKET_SESSIONS));
    HOLDS(n > 0 || used() == before);
    if (n > 0) {
        export_again();
        offer(bytes, size, HEAD);
    }
    HOLDS(arena_check());
    picket_deinit(&client);
    HOLDS(script_clean());
    free(bytes);
    return 0;
}
