// Certificates and names: a host name in the first line, a certificate (DER) behind it. What Mbed TLS can parse is asked whether
// it is for that name, and looked at in every role, with constraints of its own.
#include "arena.h"
#include "fuzz.h"
#include "trust.h"
#include "url.h"

static void look(const mbedtls_x509_crt *crt, const char *host, size_t host_len)
{
    picket_address_t address;
    trust_strict_t strict = {0};
    bool literal = url_parse_address(host, host_len, &address);
    if (literal || url_is_host_name(host, host_len))
        (void)trust_name_matches(crt, host, literal ? &address : NULL);
    (void)trust_common_name_is(crt, host);
    (void)trust_check_strictly(&strict, crt, TRUST_ANCHOR);
    for (unsigned i = 0; i < TRUST_CONSTRAINED + 1; i++)
        (void)trust_check_strictly(&strict, crt, TRUST_INTERMEDIATE);
    HOLDS(strict.count <= TRUST_CONSTRAINED);
    (void)trust_check_strictly(&strict, crt, TRUST_LEAF);
}

// As anchors are parsed, and as what a server sends.
static void parse(const uint8_t *der, size_t len, const char *host, size_t host_len, bool anchor)
{
    mbedtls_x509_crt crt;
    mbedtls_x509_crt_init(&crt);
    int code = anchor ? mbedtls_x509_crt_parse_der_with_ext_cb(&crt, der, len, 1, trust_read_extension, NULL)
                      : mbedtls_x509_crt_parse_der(&crt, der, len);
    if (code == 0)
        look(&crt, host, host_len);
    mbedtls_x509_crt_free(&crt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static _Alignas(8) uint8_t memory[131072];
    const uint8_t *line = len > 0 ? memchr(data, '\n', len) : NULL;
    size_t host_len = line != NULL ? (size_t)(line - data) : 0, skip = line != NULL ? host_len + 1 : 0;
    char *host = fuzz_text(data, host_len);
    uint8_t *der = fuzz_bytes(data + skip, len - skip);
    if (!arena_start(memory, sizeof memory))
        abort();
    size_t used = arena_used();
    parse(der, len - skip, host, strlen(host), true);
    parse(der, len - skip, host, strlen(host), false);
    HOLDS(arena_used() == used && arena_check());
    arena_stop();
    free(der);
    free(host);
    return 0;
}
