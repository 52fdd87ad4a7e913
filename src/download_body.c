// download_body.c: bytes into blocks, blocks into the sink; the check at the end. See download_private.h.
#include "download_private.h"

#include <string.h>

#include "trust_digest.h"

// What the application's function said.
static int asked(int result)
{
    if (result == PICKET_SINK_BUSY)
        return PICKET_AGAIN;
    return result == 0 ? 0 : PICKET_ERR_SINK;
}

static int hash(picket_download_t *d, const void *data, size_t len)
{
    return !download_hashes(d) || trust_digest_add(d->digest, data, len) ? 0 : PICKET_ERR_INTERNAL;
}

static size_t filled(const picket_download_t *d)
{
    return (size_t)(d->received - d->written);
}

static int flush(picket_download_t *d)
{
    const picket_sink_t *sink = &d->request.sink;
    size_t len = filled(d);
    int error = asked(sink->write(sink->ctx, (uint64_t)d->written, sink->block, len));
    if (error != 0)
        return error;
    d->written += (int64_t)len;
    return hash(d, sink->block, len);
}

// --- What an earlier run has stored

int download_reread(picket_download_t *d)
{
    const picket_sink_t *sink = &d->request.sink;
    if (d->at == d->written) {
        d->stage = DOWNLOAD_START;
        return STEPPED;
    }
    int error = asked(sink->read(sink->ctx, (uint64_t)d->at, sink->block, sink->block_len));
    if (error == 0)
        error = hash(d, sink->block, sink->block_len);
    if (error != 0)
        return error;
    d->at += (int64_t)sink->block_len;
    return (int)sink->block_len;
}

// --- The body of an answer

// No length was said, and that the connection has ended proves nothing: anybody can end one.
static bool is_unproven(const picket_download_t *d)
{
    return !download_hashes(d) && picket_http_header(&d->http, "Transfer-Encoding") == NULL &&
           picket_http_detail(&d->http).tls_version == 0;
}

// The answer is complete. If the file is not, the rest is asked for.
static int end_of_answer(picket_download_t *d)
{
    if (d->length < 0 && !d->partial && d->at == d->received) {
        if (is_unproven(d))
            return download_wrong(d, PICKET_ERR_HTTP_LENGTH, "none, so that the end is not proven", -1);
        d->length = d->at;
    }
    if (d->at != d->received || d->received != d->length)
        return PICKET_ERR_BODY_CUT;
    download_end_attempt(d);
    d->stage = DOWNLOAD_REST;
    return STEPPED;
}

// Nothing may come any more. Should something: it is not taken.
static int probe(picket_download_t *d)
{
    char byte;
    int n = picket_http_read(&d->http, &byte, 1);
    if (n <= 0)
        return n == 0 ? end_of_answer(d) : n;
    if (d->until < 0)
        return download_wrong(d, PICKET_ERR_TOO_LARGE, "bytes: more than ", (int64_t)d->request.size_max);
    return download_wrong(d, PICKET_ERR_RANGE, "it is longer than its Content-Range says", -1);
}

static size_t smaller(size_t a, int64_t b)
{
    return b < (int64_t)a ? (size_t)b : a;
}

int download_read(picket_download_t *d)
{
    const picket_sink_t *sink = &d->request.sink;
    if (filled(d) == sink->block_len) {
        int error = flush(d);
        if (error != 0)
            return error;
    }
    int64_t end = d->until >= 0 ? d->until : (int64_t)d->request.size_max;
    if (d->at == end)
        return probe(d);
    size_t len = smaller(sink->block_len - filled(d), end - d->at);
    bool known = d->at < d->received; // passed over
    if (known)
        len = smaller(len, d->received - d->at);
    int n = picket_http_read(&d->http, (uint8_t *)sink->block + filled(d), len);
    if (n <= 0)
        return n == 0 ? end_of_answer(d) : n;
    d->at += n;
    if (!known) {
        d->received += n;
        d->failures = 0;
    }
    return n;
}

// --- The end

int download_finish(picket_download_t *d)
{
    int error = filled(d) > 0 ? flush(d) : 0;
    if (error != 0)
        return error;
    d->stage = download_hashes(d) ? DOWNLOAD_VERIFY : DOWNLOAD_DONE;
    return d->stage == DOWNLOAD_DONE ? 0 : STEPPED;
}

int download_verify(picket_download_t *d)
{
    if (!trust_digest_finish(d->digest, d->sha256))
        return PICKET_ERR_INTERNAL;
    if (d->request.sha256 != NULL && memcmp(d->sha256, d->request.sha256, sizeof d->sha256) != 0)
        return PICKET_ERR_DIGEST;
    d->stage = d->request.public_key != NULL ? DOWNLOAD_SIGNATURE : DOWNLOAD_DONE;
    return d->stage == DOWNLOAD_DONE ? 0 : STEPPED;
}

int download_check_signature(picket_download_t *d)
{
    const picket_download_request_t *r = &d->request;
    if (tls_busy(d->client->state->env.tls))
        return PICKET_AGAIN;
    int error = trust_signature_check(trust_signature_point(r->public_key, r->public_key_len), d->sha256,
                                      r->signature, r->signature_len);
    if (error == PICKET_ERR_ARG)
        return download_wrong(d, error, "public_key is no point of P-256", -1);
    if (error == 0)
        d->stage = DOWNLOAD_DONE;
    return error;
}
