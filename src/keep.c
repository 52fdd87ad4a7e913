#include "keep.h"

#include <string.h>

#include "arena.h"
#include "log.h"

// The most that a kept connection takes of the arena (docs/MEMORY.md).
#define PLAIN_SIZE 768u

bool keep_enabled(const keep_t *keep)
{
    return PICKET_KEEP > 0 && keep->config->keep_ms != PICKET_KEEP_NEVER;
}

static void remove_at(keep_t *keep, size_t i)
{
    memmove(&keep->kept[i], &keep->kept[i + 1], (KEEP_SLOTS - 1 - i) * sizeof keep->kept[0]);
    keep->kept[KEEP_SLOTS - 1] = NULL;
}

static void drop(keep_t *keep, size_t i, const char *why)
{
    kept_t *kept = keep->kept[i];
    remove_at(keep, i);
    log_text(keep->config, PICKET_LOG_DEBUG, why);
    stream_stop(&kept->stream, true);
    origin_free(kept->origin);
    picket_arena_free(kept);
}

bool keep_drop_all(keep_t *keep)
{
    bool any = keep->kept[0] != NULL;
    while (keep->kept[0] != NULL)
        drop(keep, 0, "a kept connection was closed");
    return any;
}

bool keep_abort_all(keep_t *keep)
{
    for (size_t i = 0; i < KEEP_SLOTS && keep->kept[i] != NULL; i++) {
        stream_t *stream = &keep->kept[i]->stream;
        stream->port->abort(stream->port->ctx, stream->handle);
        stream->handle = -1;
        stream->error = PICKET_ERR_CLOSED; // so that nothing is said any more
    }
    return keep_drop_all(keep);
}

// --- Room

static size_t kept_size(const keep_t *keep)
{
    size_t size = 0;
    for (size_t i = 0; i < KEEP_SLOTS && keep->kept[i] != NULL; i++)
        size += keep->kept[i]->origin->secure ? PICKET_ARENA_KEPT : PLAIN_SIZE;
    return size;
}

static bool has_room(const keep_t *keep, size_t more)
{
    size_t len = keep->config->arena_len, needed = PICKET_ARENA_SIZE(keep->live);
    return needed <= len && kept_size(keep) + more <= len - needed;
}

void keep_begin(keep_t *keep)
{
    keep->live++;
    while (keep->kept[0] != NULL && !has_room(keep, 0))
        drop(keep, 0, "a kept connection was closed to have its memory");
}

void keep_end(keep_t *keep)
{
    if (keep->live > 0)
        keep->live--;
}

// --- Give and take

bool keep_take(keep_t *keep, const origin_t *wanted, uint32_t now, stream_t *stream, origin_t **origin)
{
    for (size_t i = KEEP_SLOTS; i-- > 0;) {
        kept_t *kept = keep->kept[i];
        if (kept == NULL || !origin_same(kept->origin, wanted))
            continue;
        if (deadline_passed(&kept->until, now)) { // nobody has polled meanwhile
            drop(keep, i, "a kept connection was closed: it had been kept long enough");
            continue;
        }
        if (stream_is_held(&kept->stream))
            continue; // whether something has come cannot be told now
        if (!stream_is_quiet(&kept->stream)) {
            drop(keep, i, "a kept connection was closed: the server had ended it");
            continue;
        }
        remove_at(keep, i);
        *stream = kept->stream;
        *origin = kept->origin;
        picket_arena_free(kept);
        return true;
    }
    return false;
}

static size_t place(keep_t *keep)
{
    size_t n = 0;
    if (keep->kept[KEEP_SLOTS - 1] != NULL)
        drop(keep, 0, "a kept connection was closed to keep another one");
    while (keep->kept[n] != NULL)
        n++;
    return n;
}

// With nothing else in use there is room: what it takes it has had all the time, and it goes when a connection begins.
bool keep_put(keep_t *keep, stream_t *stream, origin_t *origin, uint32_t now, uint32_t ms)
{
    uint32_t longest = keep->config->keep_ms != 0 ? keep->config->keep_ms : PICKET_KEEP_MS;
    if (!keep_enabled(keep) || ms == 0 || !stream_is_quiet(stream))
        return false;
    if (keep->live > 0 && !has_room(keep, origin->secure ? PICKET_ARENA_KEPT : PLAIN_SIZE))
        return false;
    size_t i = place(keep);
    kept_t *kept = picket_arena_calloc(1, sizeof *kept);
    if (kept == NULL)
        return false;
    *kept = (kept_t){*stream, origin, deadline_in(now, ms < longest ? ms : longest)};
    keep->kept[i] = kept;
    *stream = (stream_t){.handle = -1};
    return true;
}

uint32_t keep_poll(keep_t *keep, uint32_t now, uint32_t ms)
{
    for (size_t i = KEEP_SLOTS; i-- > 0;) {
        kept_t *kept = keep->kept[i];
        if (kept == NULL)
            continue;
        if (deadline_passed(&kept->until, now))
            drop(keep, i, "a kept connection was closed: nobody needed it");
        else if (!stream_is_quiet(&kept->stream))
            drop(keep, i, "a kept connection was closed: the server had ended it");
        else
            ms = deadline_left(&kept->until, now, stream_next(&kept->stream, now, ms));
    }
    return ms;
}
