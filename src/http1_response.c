// http1_response.c: responses. Bytes go through the filter (http1_filter.h), then through llhttp, which
// hands out names, values and the body; both must agree where the head and the message end.
#include <limits.h>
#include <string.h>

#include "arena.h"
#include "http1.h"
#include "http1_filter.h"
#include "http1_text.h"
#include "llhttp.h"

// The first size of the store. Above 1 KB it grows in place, at the large end of the arena.
#define STORE_MIN 256u

struct http1_response {
    llhttp_t parser;
    http1_filter_t filter;
    char *store; // the reason phrase, if any, as "reason\0", then the fields as "name\0value\0"
    size_t store_len;
    size_t store_room;
    size_t fields_at; // where the fields begin in the store
    size_t value_at;  // where the value that is read begins in the store
    size_t head_max;
    char *out; // where the next bytes of the body go
    size_t out_len;
    unsigned interim; // 1xx responses skipped
    int status;
    int error;
    const char *why;
    bool head_request;
    bool begun;     // a byte has come
    bool continued; // 100 has come
    bool head_done; // the head of the final response is complete
    bool ended;     // llhttp says that the message has ended
    enum http1_body body;
};

static int fail(http1_response_t *r, int error, const char *why)
{
    if (r->error == 0) {
        r->error = error;
        r->why = why;
    }
    return r->error;
}

// --- The store

static size_t store_room_for(const http1_response_t *r, size_t need)
{
    size_t room = r->store_room == 0 ? STORE_MIN : r->store_room;

    while (room < need)
        room = room > r->head_max / 2 ? r->head_max : room * 2;
    return room < r->head_max ? room : r->head_max;
}

static bool grow_store(http1_response_t *r, size_t need)
{
    const size_t room = store_room_for(r, need);
    char *const store = arena_grow(r->store, r->store_len, room);

    if (store == NULL) {
        fail(r, PICKET_ERR_NO_MEMORY, "for the response head");
        return false;
    }
    r->store = store;
    r->store_room = room;
    return true;
}

// What is stored of a head is never longer than the head: a NUL takes the place of the colon, another that
// of CR LF.
static int store(http1_response_t *r, const char *data, size_t len)
{
    if (len > r->head_max - r->store_len) {
        fail(r, PICKET_ERR_HTTP_HEAD_SIZE, "");
        return -1;
    }
    if (len > r->store_room - r->store_len && !grow_store(r, r->store_len + len))
        return -1;
    if (len > 0)
        memcpy(r->store + r->store_len, data, len);
    r->store_len += len;
    return 0;
}

// --- What llhttp calls. A result other than 0 ends parsing; r->error says why.

static int on_field_bytes(llhttp_t *parser, const char *data, size_t len)
{
    http1_response_t *const r = parser->data;

    return r->head_done ? 0 : store(r, data, len);
}

static int on_reason_complete(llhttp_t *parser)
{
    http1_response_t *const r = parser->data;

    if (store(r, "", 1) != 0)
        return -1;
    r->fields_at = r->store_len;
    return 0;
}

static int on_name_complete(llhttp_t *parser)
{
    http1_response_t *const r = parser->data;

    if (r->head_done)
        return 0;
    if (store(r, "", 1) != 0)
        return -1;
    r->value_at = r->store_len;
    return 0;
}

static int on_value_complete(llhttp_t *parser)
{
    http1_response_t *const r = parser->data;

    if (r->head_done)
        return 0;
    while (r->store_len > r->value_at && http1_is_blank(r->store[r->store_len - 1]))
        r->store_len--;
    return store(r, "", 1);
}

// RFC 9112 section 6.3. What contradicts itself has been refused by the filter.
static enum http1_body body_of(const http1_response_t *r)
{
    if (r->head_request || r->status < 200 || r->status == 204 || r->status == 304)
        return HTTP1_BODY_NONE;
    if (r->filter.coded)
        return HTTP1_BODY_CHUNKED;
    if (r->filter.length < 0)
        return HTTP1_BODY_UNTIL_CLOSE;
    return r->filter.length > 0 ? HTTP1_BODY_LENGTH : HTTP1_BODY_NONE;
}

static int on_head_complete(llhttp_t *parser)
{
    http1_response_t *const r = parser->data;

    r->status = llhttp_get_status_code(parser);
    if (r->status == 101)
        fail(r, PICKET_ERR_HTTP_UPGRADE, "");
    else if (r->status < 200 && ++r->interim > PICKET_HTTP_INTERIM)
        fail(r, PICKET_ERR_HTTP_INTERIM, "");
    if (r->error != 0)
        return -1;
    r->continued = r->continued || r->status == 100;
    r->head_done = r->status >= 200;
    r->body = body_of(r);
    http1_filter_body(&r->filter, r->body);
    return r->body == HTTP1_BODY_NONE; // 1 tells llhttp that nothing follows
}

// The decoded bytes never overtake the encoded ones, since a transfer coding only adds.
static int on_body(llhttp_t *parser, const char *data, size_t len)
{
    http1_response_t *const r = parser->data;

    if (r->out == NULL)
        return -1;
    if (r->out + r->out_len != data)
        memmove(r->out + r->out_len, data, len);
    r->out_len += len;
    return 0;
}

static int on_end(llhttp_t *parser)
{
    http1_response_t *const r = parser->data;

    r->ended = true;
    return 0;
}

static const llhttp_settings_t settings = {
    .on_status = on_field_bytes,
    .on_status_complete = on_reason_complete,
    .on_header_field = on_field_bytes,
    .on_header_field_complete = on_name_complete,
    .on_header_value = on_field_bytes,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_head_complete,
    .on_body = on_body,
    .on_message_complete = on_end,
};

// --- Parsing

// Each interim response gets a parser of its own: what it says of the connection means nothing for the next
// one.
static void begin_message(http1_response_t *r)
{
    llhttp_init(&r->parser, HTTP_RESPONSE, &settings);
    r->parser.data = r;
    http1_filter_start(&r->filter, r->head_max);
    r->store_len = 0;
    r->fields_at = 0;
    r->value_at = 0;
    r->status = 0;
    r->ended = false;
}

// The filter is stricter than llhttp, so llhttp has nothing to refuse unless it has become stricter than
// the RFC.
static int fail_parser(http1_response_t *r)
{
    const char *const reason = llhttp_get_error_reason(&r->parser);

    return fail(r, r->head_done ? PICKET_ERR_HTTP_CHUNK : PICKET_ERR_HTTP_HEAD, reason != NULL ? reason : "");
}

static void parse(http1_response_t *r, const char *data, size_t len)
{
    if (len > 0 && r->error == 0 && llhttp_execute(&r->parser, data, len) != HPE_OK)
        fail_parser(r);
}

// Filter and parse up to len bytes, to the end of the head or of the message. Returns the number taken.
static size_t take(http1_response_t *r, const char *data, size_t len)
{
    size_t parsed = 0;
    size_t at = 0;

    while (at < len && r->error == 0) {
        const size_t n = http1_filter_step(&r->filter, data + at, len - at);
        if (n == 0)
            break;
        at += n;
        if (r->filter.hidden) {
            parse(r, data + parsed, at - n - parsed);
            parsed = at;
        }
    }
    parse(r, data + parsed, at - parsed);
    if (r->filter.error != 0)
        fail(r, r->filter.error, r->filter.why);
    return at;
}

// Filter and parser must see the same head and the same message, or one of them has been led astray.
static void check_end(http1_response_t *r, bool ended)
{
    if (r->error == 0 && ended != http1_filter_stopped(&r->filter))
        fail(r, PICKET_ERR_INTERNAL, "two readings of the response differ");
}

// To the end of one head, an interim one or the final one.
static size_t take_head(http1_response_t *r, const char *data, size_t len)
{
    const size_t n = take(r, data, len);

    r->begun = r->begun || n > 0;
    check_end(r, r->ended);
    if (r->error == 0 && r->ended && !r->head_done)
        begin_message(r);
    return n;
}

int http1_feed_head(http1_response_t *r, const char *data, size_t len)
{
    size_t at = 0;

    if (len > INT_MAX)
        return PICKET_ERR_ARG;
    while (at < len && !r->head_done && r->error == 0)
        at += take_head(r, data + at, len - at);
    return r->error != 0 ? r->error : (int)at;
}

int http1_feed_body(http1_response_t *r, char *buf, size_t len, size_t *out)
{
    size_t n;

    *out = 0;
    if (r->error != 0)
        return r->error;
    if (len > INT_MAX || !r->head_done)
        return PICKET_ERR_ARG;
    if (r->ended)
        return 0;
    r->out = buf;
    r->out_len = 0;
    n = take(r, buf, len);
    check_end(r, r->ended);
    *out = r->out_len;
    r->out = NULL;
    return r->error != 0 ? r->error : (int)n;
}

int http1_feed_end(http1_response_t *r)
{
    if (r->error != 0 || r->ended)
        return r->error;
    if (!r->begun)
        return fail(r, PICKET_ERR_EMPTY, "");
    if (!r->head_done)
        return fail(r, PICKET_ERR_HEAD_CUT, "");
    if (r->body != HTTP1_BODY_UNTIL_CLOSE)
        return fail(r, PICKET_ERR_BODY_CUT, "");
    if (llhttp_finish(&r->parser) != HPE_OK)
        return fail_parser(r);
    return 0;
}

// --- A response

http1_response_t *http1_response_new(bool head_request, size_t head_max)
{
    http1_response_t *const r = picket_arena_calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->head_request = head_request;
    r->head_max = head_max;
    r->why = "";
    begin_message(r);
    return r;
}

void http1_response_again(http1_response_t *r, bool head_request)
{
    r->head_request = head_request;
    r->begun = r->head_done = r->continued = false;
    r->interim = 0;
    r->error = 0;
    r->why = "";
    begin_message(r);
}

void http1_response_free(http1_response_t *r)
{
    if (r == NULL)
        return;
    picket_arena_free(r->store);
    picket_arena_free(r);
}

bool http1_continued(const http1_response_t *r)
{
    return r->continued;
}

bool http1_begun(const http1_response_t *r)
{
    return r->begun;
}

bool http1_head_complete(const http1_response_t *r)
{
    return r->head_done;
}

bool http1_complete(const http1_response_t *r)
{
    return r->error == 0 && r->head_done && r->ended;
}

bool http1_until_close(const http1_response_t *r)
{
    return r->head_done && r->body == HTTP1_BODY_UNTIL_CLOSE;
}

int http1_status(const http1_response_t *r)
{
    return r->head_done ? r->status : 0;
}

const char *http1_reason(const http1_response_t *r)
{
    return r->head_done && r->fields_at > 0 ? r->store : "";
}

int http1_version_minor(const http1_response_t *r)
{
    return r->head_done ? r->filter.minor : 0;
}

// A 204 has no content, whatever its head says; after HEAD and in a 304 the length is that of the content
// left out.
int64_t http1_length(const http1_response_t *r)
{
    return r->head_done && r->status != 204 ? r->filter.length : -1;
}

const char *http1_why(const http1_response_t *r)
{
    return r->why;
}

// --- Its header fields

// The field at *at of the store; *at moves behind it. False at the end.
static bool next_field(const http1_response_t *r, size_t *at, const char **name, const char **value)
{
    if (!r->head_done || *at >= r->store_len)
        return false;
    *name = r->store + *at;
    *value = *name + strlen(*name) + 1;
    *at = (size_t)(*value - r->store) + strlen(*value) + 1;
    return true;
}

const char *http1_header(const http1_response_t *r, const char *name)
{
    const char *field;
    const char *value;
    size_t at = r->fields_at;

    while (next_field(r, &at, &field, &value))
        if (http1_same_name(field, name))
            return value;
    return NULL;
}

bool http1_header_at(const http1_response_t *r, unsigned i, const char **name, const char **value)
{
    size_t at = r->fields_at;

    while (next_field(r, &at, name, value))
        if (i-- == 0)
            return true;
    return false;
}
