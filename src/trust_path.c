// trust_path.c: which of the certificates that a server sent lead to an anchor?
//
// Mbed TLS walks up by name and does not turn back: of two intermediates with one name (cross-signed ones,
// say) it takes the first, and fails if that is the wrong one. So before any signature is checked, the
// certificates are put in an order in which the first way is one that leads to an anchor. Only names, key
// identifiers and dates are looked at; whether the path holds is still for Mbed TLS to say.

#include <string.h>

#include "trust.h"

// More certificates than this, or a longer path, are left as they were sent: the work is bounded.
#define CERTS   16
#define DEPTH   8
#define NOWHERE 0xff

typedef struct graph {
    mbedtls_x509_crt *certs[CERTS]; // [0] is the server's
    uint8_t level[CERTS];           // steps to an anchor; NOWHERE: there is no way known
    size_t count;
} graph_t;

static bool same_bytes(const mbedtls_x509_buf *a, const mbedtls_x509_buf *b)
{
    return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

static bool may_issue(const mbedtls_x509_crt *parent, const mbedtls_x509_crt *child)
{
    const mbedtls_x509_buf *wanted = &child->authority_key_id.keyIdentifier, *has = &parent->subject_key_id;
    if (parent == child || !same_bytes(&child->issuer_raw, &parent->subject_raw))
        return false;
    return wanted->len == 0 || has->len == 0 || same_bytes(wanted, has);
}

static bool in_time(const mbedtls_x509_crt *crt)
{
    return !mbedtls_x509_time_is_past(&crt->valid_to) && !mbedtls_x509_time_is_future(&crt->valid_from);
}

static bool collect(graph_t *g, mbedtls_x509_crt *leaf)
{
    for (mbedtls_x509_crt *crt = leaf; crt != NULL; crt = crt->next) {
        if (g->count == CERTS)
            return false;
        g->certs[g->count] = crt;
        g->level[g->count++] = NOWHERE;
    }
    return g->count > 2; // with one or two there is nothing to choose
}

// Certificates one step further from an anchor than those of level `level - 1`.
static bool mark(graph_t *g, uint8_t level)
{
    bool found = false;
    for (size_t child = 0; child < g->count; child++) {
        if (g->level[child] != NOWHERE || (child != 0 && !in_time(g->certs[child])))
            continue; // an expired one leads nowhere; the server's own is judged by Mbed TLS
        for (size_t parent = 1; parent < g->count && g->level[child] == NOWHERE; parent++) {
            if (g->level[parent] == level - 1 && may_issue(g->certs[parent], g->certs[child]))
                g->level[child] = level;
        }
        found = found || g->level[child] == level;
    }
    return found;
}

static void measure(graph_t *g, const picket_trust_t *store)
{
    for (size_t i = 0; i < g->count; i++) {
        if ((i == 0 || in_time(g->certs[i])) && trust_knows(store, &g->certs[i]->issuer_raw))
            g->level[i] = 0;
    }
    for (uint8_t level = 1; level <= DEPTH && mark(g, level); level++)
        ;
}

static size_t next_on_way(const graph_t *g, size_t child)
{
    for (size_t i = 1; i < g->count; i++) {
        if (g->level[i] + 1 == g->level[child] && may_issue(g->certs[i], g->certs[child]))
            return i;
    }
    return 0;
}

static void unlink_from(mbedtls_x509_crt *list, const mbedtls_x509_crt *crt)
{
    while (list != NULL && list->next != crt)
        list = list->next;
    if (list != NULL)
        list->next = crt->next;
}

void trust_order(const picket_trust_t *store, mbedtls_x509_crt *leaf)
{
    graph_t g = {.count = 0};
    if (!collect(&g, leaf))
        return;
    measure(&g, store);
    if (g.level[0] == NOWHERE)
        return;
    mbedtls_x509_crt *last = leaf;
    for (size_t at = 0; g.level[at] > 0;) {
        at = next_on_way(&g, at);
        if (at == 0)
            return;
        unlink_from(leaf, g.certs[at]);
        g.certs[at]->next = last->next;
        last->next = g.certs[at];
        last = g.certs[at];
    }
}
