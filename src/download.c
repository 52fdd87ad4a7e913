// download.c: attempts, pauses and ends of a download; see download_private.h.
#include "download_private.h"

#include <limits.h>
#include <string.h>

#include "entropy.h"
#include "http1_text.h"
#include "text.h"
#include "trust_digest.h"
#include "validator.h"

#define SIZE_MAX_EVER ((uint64_t)1 << 62)

bool download_hashes(const picket_download_t *d)
{
    return d->request.sha256 != NULL || d->request.public_key != NULL;
}

static uint32_t now_ms(const picket_download_t *d)
{
    const picket_port_t *port = d->client->state->env.port;
    return port->millis(port->ctx);
}

// --- What is wrong

int download_wrong(picket_download_t *d, int error, const char *text, int64_t number)
{
    text_t t = text_in(d->detail.text, sizeof d->detail.text);
    text_str(&t, text);
    if (number >= 0)
        text_num(&t, number);
    return error;
}

static int fail(picket_download_t *d, int error)
{
    // The words of the download itself, if it has found some, stand; else those of the exchange.
    char text[sizeof d->detail.text];
    memcpy(text, d->detail.text, sizeof text);
    download_end_attempt(d);
    if (text[0] != '\0')
        memcpy(d->detail.text, text, sizeof text);
    trust_digest_stop(d->digest);
    return d->error = error;
}

// --- The request

static int check_headers(picket_download_t *d, const picket_request_t *r)
{
    if (r->header_count > PICKET_DOWNLOAD_HEADERS || (r->header_count != 0 && r->headers == NULL))
        return download_wrong(d, PICKET_ERR_ARG, "http.headers", -1);
    for (size_t i = 0; i < r->header_count; i++) {
        const char *name = r->headers[i].name;
        if (name != NULL && (http1_same_name(name, "Range") || http1_same_name(name, "If-Range")))
            return download_wrong(d, PICKET_ERR_HEADER, "Range, If-Range: these are the download's own", -1);
    }
    return 0;
}

static int check_http(picket_download_t *d, const picket_request_t *r)
{
    if (r->url == NULL)
        return download_wrong(d, PICKET_ERR_ARG, "http.url", -1);
    if ((r->method != NULL && strcmp(r->method, "GET") != 0) || r->body != NULL || r->body_len != 0 ||
        r->body_read != NULL)
        return download_wrong(d, PICKET_ERR_ARG, "http: only GET, and no body", -1);
    return check_headers(d, r);
}

static int check_sink(picket_download_t *d, const picket_download_request_t *r)
{
    const picket_sink_t *sink = &r->sink;
    if (sink->write == NULL || sink->block == NULL || sink->block_len == 0 || sink->block_len >= INT_MAX)
        return download_wrong(d, PICKET_ERR_ARG, "sink", -1);
    if (r->size_max == 0 || r->size_max > SIZE_MAX_EVER)
        return download_wrong(d, PICKET_ERR_ARG, "size_max", -1);
    if (r->offset == 0)
        return 0;
    if (r->offset > r->size_max || r->offset % sink->block_len != 0)
        return download_wrong(d, PICKET_ERR_ARG, "offset", -1);
    if (r->validator == NULL || !validator_is_strong(r->validator) ||
        strlen(r->validator) >= PICKET_DOWNLOAD_VALIDATOR)
        return download_wrong(d, PICKET_ERR_ARG, "validator", -1);
    if (download_hashes(d) && sink->read == NULL)
        return download_wrong(d, PICKET_ERR_ARG, "sink.read", -1);
    return 0;
}

static int check(picket_download_t *d)
{
    picket_download_request_t *r = &d->request;
    if ((r->public_key == NULL) != (r->signature == NULL))
        return download_wrong(d, PICKET_ERR_ARG, "public_key and signature belong together", -1);
    if (r->public_key != NULL && trust_signature_point(r->public_key, r->public_key_len) == NULL)
        return download_wrong(d, PICKET_ERR_ARG, "public_key", -1);
    if (!exchange_timeouts_valid(&r->http.timeouts) || r->total_ms > DEADLINE_MAX_MS ||
        r->retry_ms > DEADLINE_MAX_MS || r->retry_max_ms > DEADLINE_MAX_MS)
        return download_wrong(d, PICKET_ERR_ARG, "timeouts", -1);
    int error = check_http(d, &r->http);
    return error != 0 ? error : check_sink(d, r);
}

static void set_default(uint32_t *value, uint32_t standard)
{
    if (*value == 0)
        *value = standard;
}

static void set_defaults(picket_download_request_t *r)
{
    set_default(&r->attempts, PICKET_DOWNLOAD_ATTEMPTS);
    set_default(&r->total_ms, PICKET_DOWNLOAD_MS);
    set_default(&r->retry_ms, PICKET_DOWNLOAD_RETRY_MS);
    set_default(&r->retry_max_ms, PICKET_DOWNLOAD_RETRY_MAX_MS);
    if (r->retry_max_ms < r->retry_ms)
        r->retry_max_ms = r->retry_ms;
}

// Pauses need no secret, only devices that differ.
static void seed(picket_download_t *d)
{
    const struct picket_state *state = d->client->state;
    if (tls_busy(state->env.tls) || entropy_random(&d->random, sizeof d->random) != 0)
        d->random = now_ms(d) * 2654435761u;
    d->random |= 1;
}

// --- Attempts

// What was asked for before, and these: the rest of this very file, and no coding of it.
static void build_headers(picket_download_t *d, picket_request_t *r)
{
    size_t n = 0;
    bool coding = false;
    for (; n < d->request.http.header_count; n++) {
        d->headers[n] = d->request.http.headers[n];
        coding =
            coding || (d->headers[n].name != NULL && http1_same_name(d->headers[n].name, "Accept-Encoding"));
    }
    if (!coding)
        d->headers[n++] = (picket_header_t){"Accept-Encoding", "identity"};
    if (d->received > 0) {
        text_t t = text_in(d->range, sizeof d->range);
        text_str(&t, "bytes=");
        text_num(&t, d->received);
        text_str(&t, "-");
        d->headers[n++] = (picket_header_t){"Range", d->range};
        d->headers[n++] = (picket_header_t){"If-Range", d->validator};
    }
    r->headers = d->headers;
    r->header_count = n;
}

static uint32_t left_ms(const picket_download_t *d)
{
    uint32_t passed = now_ms(d) - d->began_ms;
    return passed < d->request.total_ms ? d->request.total_ms - passed : 0;
}

static int begin_attempt(picket_download_t *d)
{
    picket_request_t r = d->request.http;
    uint32_t left = left_ms(d);
    download_end_attempt(d);
    d->detail.text[0] = '\0';
    build_headers(d, &r);
    if (r.timeouts.total_ms == 0 || r.timeouts.total_ms > left)
        r.timeouts.total_ms = left;
    d->attempts++;
    d->partial = false;
    d->stage = DOWNLOAD_HEAD;
    int error = picket_http_start(&d->http, d->client, &r);
    return error == 0 ? STEPPED : error;
}

void download_end_attempt(picket_download_t *d)
{
    if (d->http.client != NULL)
        d->detail = picket_http_detail(&d->http);
    picket_http_close(&d->http);
}

// xorshift32
static uint32_t next_random(picket_download_t *d)
{
    d->random ^= d->random << 13;
    d->random ^= d->random >> 17;
    d->random ^= d->random << 5;
    return d->random;
}

static uint32_t next_pause(picket_download_t *d)
{
    uint32_t ms = d->request.retry_ms;
    for (uint32_t i = 0; i < d->failures && ms < d->request.retry_max_ms; i++)
        ms = ms < d->request.retry_max_ms / 2 ? 2 * ms : d->request.retry_max_ms;
    d->failures++;
    return ms - next_random(d) % (ms / 2 + 1);
}

int download_again(picket_download_t *d, int error, uint32_t wait_ms)
{
    download_end_attempt(d);
    if (d->attempts >= d->request.attempts)
        return error;
    // What has no name that can be relied on cannot be continued.
    if (d->received > 0 && d->validator[0] == '\0') {
        int refused = download_restart(d, error);
        if (refused != 0)
            return refused;
    }
    d->pause_ms = next_pause(d);
    if (d->pause_ms < wait_ms)
        d->pause_ms = wait_ms;
    d->paused_ms = now_ms(d);
    d->stage = DOWNLOAD_PAUSE;
    return PICKET_AGAIN;
}

int download_restart(picket_download_t *d, int error)
{
    const picket_sink_t *sink = &d->request.sink;
    if (d->written > 0 && (sink->restart == NULL || sink->restart(sink->ctx) != 0))
        return error;
    d->written = d->received = 0;
    d->length = -1;
    d->validator[0] = '\0';
    return !download_hashes(d) || trust_digest_start(d->digest) ? 0 : PICKET_ERR_INTERNAL;
}

// What may be better the next time.
static bool may_pass(int error)
{
    switch (error) {
    case PICKET_ERR_NO_TIME: // no time server answered
    case PICKET_ERR_NO_NETWORK:
    case PICKET_ERR_LINK:
    case PICKET_ERR_NO_ADDRESS:
    case PICKET_ERR_REFUSED:
    case PICKET_ERR_UNREACHABLE:
    case PICKET_ERR_RESET:
    case PICKET_ERR_TIMEOUT_LOOKUP:
    case PICKET_ERR_TIMEOUT_CONNECT:
    case PICKET_ERR_TIMEOUT_HANDSHAKE:
    case PICKET_ERR_TIMEOUT_SEND:
    case PICKET_ERR_TIMEOUT_HEAD:
    case PICKET_ERR_TIMEOUT_IDLE:
    case PICKET_ERR_TIMEOUT_TOTAL: // of the attempt
    case PICKET_ERR_TIMEOUT_TIME:
    case PICKET_ERR_TIMEOUT_PROXY:
    case PICKET_ERR_TLS_CORRUPT:
    case PICKET_ERR_TLS_CLOSED:
    case PICKET_ERR_EMPTY:
    case PICKET_ERR_HEAD_CUT:
    case PICKET_ERR_BODY_CUT: return true;
    default: return false;
    }
}

static int pause_step(picket_download_t *d)
{
    if (now_ms(d) - d->paused_ms < d->pause_ms)
        return PICKET_AGAIN;
    d->stage = DOWNLOAD_START;
    return STEPPED;
}

// While the head is not in, reading gives no bytes: it says whether the exchange lives.
static int head_step(picket_download_t *d)
{
    char byte;
    if (picket_http_status(&d->http) == 0)
        return picket_http_read(&d->http, &byte, 1);
    return download_take_answer(d);
}

static int start_step(picket_download_t *d)
{
    if (d->attempts >= d->request.attempts)
        return download_wrong(d, PICKET_ERR_CHANGED, "it goes on changing", -1);
    return begin_attempt(d);
}

static int step(picket_download_t *d)
{
    switch ((enum download_stage)d->stage) {
    case DOWNLOAD_NONE: break;
    case DOWNLOAD_REREAD: return download_reread(d);
    case DOWNLOAD_START: return start_step(d);
    case DOWNLOAD_PAUSE: return pause_step(d);
    case DOWNLOAD_HEAD: return head_step(d);
    case DOWNLOAD_BODY: return download_read(d);
    case DOWNLOAD_REST: return download_finish(d);
    case DOWNLOAD_VERIFY: return download_verify(d);
    case DOWNLOAD_SIGNATURE: return download_check_signature(d);
    case DOWNLOAD_DONE: return 0;
    }
    return PICKET_ERR_CLOSED;
}

// --- The functions of download.h

int picket_download_start(picket_download_t *d, picket_t *client, const picket_download_request_t *request)
{
    int error;
    if (d == NULL)
        return PICKET_ERR_ARG;
    memset(d, 0, sizeof *d);
    d->detail.alert = -1;
    if (client_state(client, &error) == NULL)
        return d->error = error;
    if (request == NULL)
        return d->error = PICKET_ERR_ARG;
    d->client = client;
    d->request = *request;
    error = check(d);
    if (error != 0)
        return d->error = error;
    set_defaults(&d->request);
    seed(d);
    d->began_ms = now_ms(d);
    d->length = -1;
    if (download_hashes(d) && !trust_digest_start(d->digest))
        return d->error = PICKET_ERR_INTERNAL;
    d->written = d->received = (int64_t)request->offset;
    if (request->offset > 0)
        memcpy(d->validator, request->validator, strlen(request->validator) + 1);
    d->stage = DOWNLOAD_REREAD;
    if (request->offset > 0 && download_hashes(d))
        return 0;
    error = begin_attempt(d);
    return error == STEPPED ? 0 : fail(d, error);
}

int picket_download_poll(picket_download_t *d)
{
    int error, n;
    if (d == NULL)
        return PICKET_ERR_ARG;
    if (d->error != 0)
        return d->error;
    if (d->stage == DOWNLOAD_DONE)
        return 0;
    if (d->client == NULL || d->stage == DOWNLOAD_NONE)
        return d->error = PICKET_ERR_CLOSED;
    if (client_state(d->client, &error) == NULL)
        return fail(d, error);
    do {
        if (left_ms(d) == 0)
            return fail(d, PICKET_ERR_TIMEOUT_TOTAL);
        n = step(d);
    } while (n == STEPPED);
    if (n >= 0 || n == PICKET_AGAIN)
        return n;
    if (may_pass(n) && d->http.client != NULL)
        n = download_again(d, n, 0);
    return n == PICKET_AGAIN ? n : fail(d, n);
}

static void wait(picket_download_t *d)
{
    uint32_t ms = picket_poll(d->client);
    if (d->client->state == NULL)
        return;
    const picket_port_t *port = d->client->state->env.port;
    if (d->stage == DOWNLOAD_PAUSE) {
        uint32_t passed = now_ms(d) - d->paused_ms;
        uint32_t left = passed < d->pause_ms ? d->pause_ms - passed : 0;
        ms = left < ms ? left : ms;
    }
    ms = left_ms(d) < ms ? left_ms(d) : ms;
    if (ms > 0)
        port->wait(port->ctx, ms);
}

int picket_download_blocking(picket_download_t *d)
{
    int n;
    while ((n = picket_download_poll(d)) > 0 || n == PICKET_AGAIN)
        if (n == PICKET_AGAIN)
            wait(d);
    return n;
}

uint64_t picket_download_written(const picket_download_t *d)
{
    return d != NULL ? (uint64_t)d->written : 0;
}

int64_t picket_download_length(const picket_download_t *d)
{
    return d != NULL && d->client != NULL ? d->length : -1;
}

const char *picket_download_validator(const picket_download_t *d)
{
    return d != NULL ? d->validator : "";
}

unsigned picket_download_attempts(const picket_download_t *d)
{
    return d != NULL ? d->attempts : 0;
}

picket_detail_t picket_download_detail(const picket_download_t *d)
{
    picket_detail_t detail = {.alert = -1};
    if (d == NULL)
        return detail;
    detail = d->http.client != NULL ? picket_http_detail(&d->http) : d->detail;
    detail.error = d->error;
    return detail;
}

void picket_download_close(picket_download_t *d)
{
    if (d == NULL)
        return;
    picket_http_close(&d->http);
    trust_digest_stop(d->digest);
    d->client = NULL;
    d->stage = DOWNLOAD_NONE;
    if (d->error == 0)
        d->error = PICKET_ERR_CLOSED;
}
