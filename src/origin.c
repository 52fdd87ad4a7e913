#include "origin.h"

#include <string.h>

#include "arena.h"
#include "http1_text.h"

static origin_t *make(const url_t *url, bool anonymous, size_t more)
{
    origin_t *origin = picket_arena_calloc(1, sizeof *origin + url->host_len + 1 + more);
    if (origin == NULL)
        return NULL;
    origin->secure = url->secure;
    origin->port = url->port;
    origin->anonymous = anonymous;
    origin->is_literal = url->is_literal;
    origin->literal = url->address;
    memcpy(origin->host, url->host, url->host_len);
    return origin;
}

origin_t *origin_new(const url_t *url, const picket_address_t *address, bool anonymous)
{
    origin_t *origin = make(url, anonymous, 0);
    if (origin == NULL || address == NULL)
        return origin;
    origin->asked = true;
    origin->address = *address;
    return origin;
}

origin_t *origin_new_via(const url_t *url, bool anonymous, const picket_proxy_t *proxy,
                         const url_t *proxy_url, const picket_address_t *address, const char *user_agent)
{
    origin_t *origin = make(url, anonymous, proxy_url->host_len + 1);
    if (origin == NULL)
        return NULL;
    char *host = origin->host + url->host_len + 1;
    memcpy(host, proxy_url->host, proxy_url->host_len);
    if (address == NULL && proxy_url->is_literal)
        address = &proxy_url->address;
    if (address != NULL)
        origin->proxy_address = *address;
    origin->via =
        (via_t){host, address != NULL ? &origin->proxy_address : NULL, proxy_url->port, proxy, user_agent};
    return origin;
}

void origin_free(origin_t *origin)
{
    picket_arena_free(origin);
}

static bool same_address(const picket_address_t *a, const picket_address_t *b)
{
    return a->family == b->family && a->zone == b->zone &&
           memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16) == 0;
}

// The same literal may be spelled in several ways; then the names that Host says differ, and so they do not count as
// the same.
bool origin_same(const origin_t *a, const origin_t *b)
{
    return a->secure == b->secure && a->port == b->port && a->anonymous == b->anonymous &&
           http1_same_name(a->host, b->host) && a->via.proxy == b->via.proxy && a->asked == b->asked &&
           (!a->asked || same_address(&a->address, &b->address));
}

const picket_address_t *origin_address(const origin_t *origin)
{
    if (origin->asked)
        return &origin->address;
    return origin->is_literal ? &origin->literal : NULL;
}

tls_peer_t origin_peer(const origin_t *origin)
{
    return (tls_peer_t){origin->host, origin->is_literal ? &origin->literal : NULL, origin->port,
                        origin->anonymous};
}
