// resolve.c: see resolve.h.
#include "resolve.h"

#include <string.h>
#include <strings.h>

#include "../src/url.h"

// The end of HOST: the colon after it, or NULL.
static const char *take_host(const char *text, struct resolve *entry)
{
    const bool brackets = text[0] == '[';
    const char *const start = text + (brackets ? 1 : 0);
    const char *const end = strchr(start, brackets ? ']' : ':');
    picket_address_t literal;
    bool is_literal;

    if (end == NULL)
        return NULL;
    entry->host = start;
    entry->host_len = (size_t)(end - start);
    is_literal = url_parse_address(start, entry->host_len, &literal);
    if (brackets)
        return end[1] == ':' && is_literal && literal.family == 6 ? end + 1 : NULL;
    if (entry->host_len > 1 && end[-1] == '.')
        entry->host_len--;
    return is_literal || url_is_host_name(start, entry->host_len) ? end : NULL;
}

// The colon after PORT, or NULL.
static const char *take_port(const char *text, struct resolve *entry)
{
    unsigned port = 0;
    const char *c = text;

    for (; *c >= '0' && *c <= '9' && port <= 65535; c++)
        port = port * 10 + (unsigned)(*c - '0');
    entry->port = (uint16_t)port;
    return *c == ':' && port > 0 && port <= 65535 ? c : NULL;
}

static bool take_address(const char *text, struct resolve *entry)
{
    const size_t len = strlen(text);

    if (len > 2 && text[0] == '[' && text[len - 1] == ']')
        return url_parse_address(text + 1, len - 2, &entry->address) && entry->address.family == 6;
    return url_parse_address(text, len, &entry->address);
}

bool resolve_parse(const char *text, struct resolve *entry)
{
    const char *colon = take_host(text, entry);

    if (colon != NULL)
        colon = take_port(colon + 1, entry);
    return colon != NULL && take_address(colon + 1, entry);
}

static bool same_address(const picket_address_t *a, const picket_address_t *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16) == 0;
}

// Literals are compared as addresses: [::1] and [0:0::1] are the same host.
static bool same_host(const struct resolve *entry, const url_t *url)
{
    picket_address_t host;

    if (url->is_literal)
        return url_parse_address(entry->host, entry->host_len, &host) && same_address(&host, &url->address);
    return entry->host_len == url->host_len && strncasecmp(entry->host, url->host, url->host_len) == 0;
}

const picket_address_t *resolve_find(const struct resolve *entries, size_t count, const char *text)
{
    url_t url;

    // A URL that is none gets its error from the library.
    if (url_parse_login(text, &url, NULL) != 0)
        return NULL;
    for (size_t i = count; i > 0; i--)
        if (entries[i - 1].port == url.port && same_host(&entries[i - 1], &url))
            return &entries[i - 1].address;
    return NULL;
}
