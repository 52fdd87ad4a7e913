// HTTP responses: however the bytes are split, the same comes of them, and no memory stays behind. The first byte: is it the
// answer to HEAD, and how large may a head be. The second: how the bytes are split.
#include "arena.h"
#include "fuzz.h"
#include "http1.h"

typedef struct outcome {
    int error;
    char why[200];
    int status, version;
    int64_t length;
    bool complete;
    size_t taken, body_len; // of the whole input; of what was decoded
    uint8_t *body;
    unsigned fields;
} outcome_t;

static uint32_t state;

// How many bytes come next: all of them, or a few.
static size_t next_piece(size_t left)
{
    state = state * 1664525u + 1013904223u;
    size_t n = state == 0 ? left : 1 + (state >> 24) % 23;
    return n < left ? n : left;
}

static size_t feed_head(http1_response_t *r, const uint8_t *data, size_t len, bool whole, outcome_t *o)
{
    size_t at = 0;
    while (at < len && o->error == 0 && !http1_head_complete(r)) {
        size_t n = whole ? len - at : next_piece(len - at);
        char *piece = fuzz_text(data + at, n);
        int taken = http1_feed_head(r, piece, n);
        free(piece);
        o->error = taken < 0 ? taken : 0;
        at += taken < 0 ? 0 : (size_t)taken;
        HOLDS(taken < 0 || taken == (int)n || http1_head_complete(r));
    }
    return at;
}

static size_t feed_body(http1_response_t *r, const uint8_t *data, size_t len, bool whole, outcome_t *o)
{
    size_t at = 0;
    while (at < len && o->error == 0 && !http1_complete(r)) {
        size_t n = whole ? len - at : next_piece(len - at), out = 0;
        uint8_t *piece = fuzz_bytes(data + at, n);
        int taken = http1_feed_body(r, (char *)piece, n, &out);
        HOLDS(out <= n);
        if (out > 0)
            memcpy(o->body + o->body_len, piece, out);
        o->body_len += out;
        free(piece);
        o->error = taken < 0 ? taken : 0;
        at += taken < 0 ? 0 : (size_t)taken;
        HOLDS(taken < 0 || taken == (int)n || http1_complete(r));
    }
    return at;
}

static void look(const http1_response_t *r, outcome_t *o)
{
    const char *name, *value;
    o->status = http1_status(r);
    o->version = http1_version_minor(r);
    o->length = http1_length(r);
    o->complete = http1_complete(r);
    snprintf(o->why, sizeof o->why, "%s", http1_why(r));
    while (http1_header_at(r, o->fields, &name, &value)) {
        HOLDS(name[0] != '\0' && strpbrk(name, "\r\n: ") == NULL && strpbrk(value, "\r\n") == NULL);
        HOLDS(http1_header(r, name) != NULL);
        o->fields++;
    }
    HOLDS(o->status == 0 || (o->status >= 100 && o->status <= 999));
}

static outcome_t feed(const uint8_t *data, size_t len, bool head, size_t head_max, bool whole)
{
    outcome_t o = {.body = malloc(len + 1)};
    http1_response_t *r = http1_response_new(head, head_max);
    if (o.body == NULL || r == NULL)
        abort();
    o.taken = feed_head(r, data, len, whole, &o);
    if (o.error == 0 && http1_head_complete(r))
        o.taken += feed_body(r, data + o.taken, len - o.taken, whole, &o);
    look(r, &o);
    int end = http1_feed_end(r);
    HOLDS(end <= 0 && (end == 0) == http1_complete(r) && (o.error == 0 || end == o.error));
    http1_response_free(r);
    return o;
}

static void compare(const outcome_t *a, const outcome_t *b)
{
    HOLDS(a->error == b->error && strcmp(a->why, b->why) == 0);
    HOLDS(a->status == b->status && a->version == b->version && a->length == b->length);
    HOLDS(a->complete == b->complete && a->fields == b->fields && a->body_len == b->body_len);
    HOLDS(a->body_len == 0 || memcmp(a->body, b->body, a->body_len) == 0);
    HOLDS(a->error != 0 || a->taken == b->taken);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static _Alignas(8) uint8_t memory[65536];
    static const size_t sizes[] = {8192, 16384, 300, 64};
    fuzz_input_t in = {data, len};
    uint8_t how = fuzz_byte(&in);
    state = fuzz_byte(&in);
    if (!arena_start(memory, sizeof memory))
        abort();
    size_t used = arena_used(), head_max = sizes[how >> 1 & 3];
    outcome_t whole = feed(in.at, in.left, (how & 1) != 0, head_max, true);
    outcome_t split = feed(in.at, in.left, (how & 1) != 0, head_max, false);
    compare(&whole, &split);
    free(whole.body);
    free(split.body);
    HOLDS(arena_used() == used && arena_check());
    arena_stop();
    return 0;
}
