// tls_group.c: in which group the keys were exchanged. Mbed TLS does not tell, so it is read where the server said
// it: in the ServerHello of TLS 1.3 (RFC 8446 section 4.1.3), in the ServerKeyExchange of 1.2 (RFC 8422 section
// 5.4). What is read is for people only.
#include "tls_private.h"

enum { SERVER_HELLO = 2, SERVER_KEY_EXCHANGE = 12, NAMED_CURVE = 3, KEY_SHARE = 51 };
enum { HEADER = 4, VERSION_AND_RANDOM = 34, SUITE_AND_COMPRESSION = 3, LONGEST_SESSION_ID = 32 };

static uint16_t number(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

// 0: there is none.
static uint16_t in_extensions(const uint8_t *p, size_t len)
{
    while (len >= 6) {
        size_t size = (size_t)number(p + 2) + 4;
        if (number(p) == KEY_SHARE)
            return number(p + 4);
        if (size > len)
            break;
        p += size;
        len -= size;
    }
    return 0;
}

static uint16_t in_server_hello(const uint8_t *p, size_t len)
{
    size_t id = HEADER + VERSION_AND_RANDOM;
    if (len <= id || p[id] > LONGEST_SESSION_ID)
        return 0;
    size_t extensions = id + 1 + p[id] + SUITE_AND_COMPRESSION + 2;
    return len > extensions ? in_extensions(p + extensions, len - extensions) : 0;
}

static uint16_t in_key_exchange(const uint8_t *p, size_t len)
{
    return len >= HEADER + 3 && p[HEADER] == NAMED_CURVE ? number(p + HEADER + 1) : 0;
}

void tls_group_note(tls_t *tls)
{
    const uint8_t *message = tls->ssl.MBEDTLS_PRIVATE(in_msg);
    size_t len = tls->ssl.MBEDTLS_PRIVATE(in_hslen);
    uint16_t group = 0;
    if (len > HEADER && message[0] == SERVER_HELLO)
        group = in_server_hello(message, len);
    else if (len > HEADER && message[0] == SERVER_KEY_EXCHANGE)
        group = in_key_exchange(message, len);
    if (group != 0)
        tls->group = group;
}
