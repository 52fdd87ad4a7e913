// trust_path.c: which of the certificates that a server sent lead to an anchor?
//
// Mbed TLS walks up by name and does not turn back: of two intermediates with one name (cross-signed ones,
// say) it takes the first, and fails if that is the wrong one; and it checks a signature for every namesake that
// has expired. So before any signature is checked a way is looked for by names, key identifiers and dates, and
// only what stands on it is kept. Whether the path holds is still for Mbed TLS to say.

#include <string.h>

#include "arena.h"
#include "trust.h"

// More certificates than this are not looked at: the work is bounded.
#define CERTS   16
#define NOWHERE 0xff

typedef struct graph {
    mbedtls_x509_crt *certs[CERTS]; // [0] is the server's
    uint32_t subject[CERTS];        // hashes of names
    uint32_t issuer[CERTS];
    uint8_t level[CERTS]; // steps to an anchor; NOWHERE: there is no way known
    bool placed[CERTS];
    size_t count;
} graph_t;

static uint32_t hash(const mbedtls_x509_buf *name)
{
    return picket_trust_hash(name->p, name->len);
}

static void collect(graph_t *g, mbedtls_x509_crt *leaf)
{
    for (mbedtls_x509_crt *crt = leaf; crt != NULL && g->count < CERTS; crt = crt->next) {
        g->certs[g->count] = crt;
        g->subject[g->count] = hash(&crt->subject_raw);
        g->issuer[g->count++] = hash(&crt->issuer_raw);
    }
}

static bool may_issue(const graph_t *g, size_t parent, size_t child)
{
    return parent != child && g->issuer[child] == g->subject[parent] &&
           trust_keys_agree(g->certs[parent], g->certs[child]);
}

// An expired one leads nowhere, if there is another way; the server's own is judged by Mbed TLS.
static bool may_lead(const graph_t *g, size_t i, const trust_search_t *search)
{
    return i == 0 || search->any_time || trust_in_time(g->certs[i]);
}

// No memory is no anchor here: that it failed is noticed where the step ends.
static bool has_anchor(const trust_search_t *search, const mbedtls_x509_crt *crt)
{
    mbedtls_x509_crt *found = NULL;
    bool has = trust_find_issuers(search, crt, 1, &found) == 0 && found != NULL;
    trust_free(found);
    return has;
}

static bool leads_to(const graph_t *g, size_t child, uint8_t level)
{
    for (size_t parent = 1; parent < g->count; parent++) {
        if (g->level[parent] == level && may_issue(g, parent, child))
            return true;
    }
    return false;
}

// Certificates one step further from an anchor than those of level `level - 1`.
static bool mark(graph_t *g, uint8_t level, const trust_search_t *search)
{
    bool found = false;
    for (size_t i = 0; i < g->count; i++) {
        if (g->level[i] != NOWHERE || !may_lead(g, i, search) || !leads_to(g, i, level - 1))
            continue;
        g->level[i] = level;
        found = true;
    }
    return found;
}

static bool measure(graph_t *g, const trust_search_t *search)
{
    for (size_t i = 0; i < g->count; i++) {
        bool near = may_lead(g, i, search) && has_anchor(search, g->certs[i]);
        g->level[i] = near ? 0 : NOWHERE;
    }
    for (uint8_t level = 1; level <= TRUST_DEPTH && mark(g, level, search); level++)
        ;
    return g->level[0] != NOWHERE;
}

// The issuer that is nearest to an anchor; 0: none is left. What leads nowhere is taken only where nothing leads
// anywhere, for the sake of the words that say so.
static size_t choose(const graph_t *g, size_t child)
{
    size_t best = 0;
    for (size_t i = 1; i < g->count; i++) {
        if (g->placed[i] || !may_issue(g, i, child) || (g->level[i] == NOWHERE && g->level[0] != NOWHERE))
            continue;
        if (best == 0 || g->level[i] < g->level[best])
            best = i;
    }
    return best;
}

// Behind an anchor's child the way goes on, if it can: the anchor may be a namesake of the one that signed.
static size_t place(graph_t *g, size_t way[TRUST_DEPTH])
{
    size_t len = 0, at = 0;
    while (len < TRUST_DEPTH && (at = choose(g, at)) != 0) {
        g->placed[at] = true;
        way[len++] = at;
    }
    return len;
}

static mbedtls_x509_crt *take_out(mbedtls_x509_crt *list, const mbedtls_x509_crt *crt)
{
    mbedtls_x509_crt *taken = NULL;
    while (list->next != NULL && list->next != crt)
        list = list->next;
    if (list->next != NULL) {
        taken = list->next;
        list->next = taken->next;
        taken->next = NULL;
    }
    return taken;
}

static unsigned keep_way(graph_t *g, mbedtls_x509_crt *leaf)
{
    size_t way[TRUST_DEPTH];
    size_t len = place(g, way);
    mbedtls_x509_crt *kept = NULL, **end = &kept;
    for (size_t i = 0; i < len; i++) {
        *end = take_out(leaf, g->certs[way[i]]);
        end = &(*end)->next;
    }
    trust_free(leaf->next);
    leaf->next = kept;
    return (unsigned)len;
}

unsigned trust_order(trust_search_t *search, mbedtls_x509_crt *leaf)
{
    graph_t g = {.count = 0};
    collect(&g, leaf);
    search->issued = &leaf->valid_from;
    search->any_time = false;
    if (!measure(&g, search)) {
        search->any_time = true;
        (void)measure(&g, search);
    }
    return keep_way(&g, leaf);
}
