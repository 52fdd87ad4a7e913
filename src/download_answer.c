// download_answer.c: what the head of an answer means for what is there already; see download_private.h.
#include "download_private.h"

#include "content_range.h"
#include "http1_text.h"
#include "validator.h"

// The file is another one, or not there any more, and this answer does not hold it: ask for all of it.
static int ask_anew(picket_download_t *d)
{
    int error = download_restart(d, PICKET_ERR_CHANGED);
    if (error != 0)
        return error;
    download_end_attempt(d);
    d->stage = DOWNLOAD_START;
    return STEPPED;
}

static int check_size(picket_download_t *d, int64_t size)
{
    if (size < 0 || (uint64_t)size <= d->request.size_max)
        return 0;
    return download_wrong(d, PICKET_ERR_TOO_LARGE, "bytes: ", size);
}

static int begin_body(picket_download_t *d, int64_t at, int64_t until)
{
    d->at = at;
    d->until = until;
    d->stage = DOWNLOAD_BODY;
    return STEPPED;
}

// 200: all of the file. If it is the same one, what is there already is passed over.
static int take_whole(picket_download_t *d)
{
    int64_t length = picket_http_length(&d->http);
    int error = check_size(d, length);
    if (error != 0)
        return error;
    if (d->received > 0) {
        bool same = validator_agrees(&d->http, d->validator) &&
                    (length < 0 || d->length < 0 || length == d->length) &&
                    (length < 0 || length >= d->received);
        error = same ? 0 : download_restart(d, PICKET_ERR_CHANGED);
        if (error != 0)
            return error;
    }
    if (d->received == 0)
        validator_of(&d->http, d->validator, sizeof d->validator);
    if (d->received == 0 || length >= 0)
        d->length = length;
    return begin_body(d, 0, length);
}

// 206: from what was asked for on, if it is the same file.
static int take_part(picket_download_t *d)
{
    content_range_t range;
    if (d->received == 0)
        return download_wrong(d, PICKET_ERR_RANGE, "a part, and all was asked for", -1);
    if (!content_range_of(&d->http, &range) || range.first < 0)
        return download_wrong(d, PICKET_ERR_RANGE, "a 206 without one proper Content-Range", -1);
    if (range.first != d->received)
        return download_wrong(d, PICKET_ERR_RANGE, "it begins at byte ", range.first);
    int64_t length = picket_http_length(&d->http);
    if (length >= 0 && length != range.last - range.first + 1)
        return download_wrong(d, PICKET_ERR_RANGE, "its Content-Length is ", length);
    if (validator_contradicts(&d->http, d->validator) ||
        (range.complete >= 0 && d->length >= 0 && range.complete != d->length) ||
        (d->length >= 0 && range.last >= d->length))
        return ask_anew(d);
    int error = check_size(d, range.complete >= 0 ? range.complete : range.last + 1);
    if (error != 0)
        return error;
    if (range.complete >= 0)
        d->length = range.complete;
    d->partial = true;
    return begin_body(d, range.first, range.last + 1);
}

// 416: there is nothing behind what is there. If the file has just that length, it is complete.
static int take_nothing(picket_download_t *d)
{
    content_range_t range;
    if (d->received == 0 || !content_range_of(&d->http, &range) || range.first >= 0)
        return download_wrong(d, PICKET_ERR_RANGE, "a 416 that does not say how long the file is", -1);
    if (range.complete != d->received || (d->length >= 0 && range.complete != d->length) ||
        validator_contradicts(&d->http, d->validator))
        return ask_anew(d);
    d->length = range.complete;
    download_end_attempt(d);
    d->stage = DOWNLOAD_REST;
    return STEPPED;
}

// Retry-After (RFC 9110 section 10.2.3), in seconds; a date counts as nothing.
static uint32_t retry_after_ms(const picket_download_t *d)
{
    const char *c = picket_http_header(&d->http, "Retry-After");
    uint32_t ms = 0;
    for (; c != NULL && http1_is_digit(*c) && ms < 100000000; c++)
        ms = ms * 10 + (uint32_t)(*c - '0') * 1000;
    return c != NULL && *c == '\0' ? ms : 0;
}

static bool passes(int status)
{
    return status == 408 || status == 425 || status == 429 || status == 500 ||
           (status >= 502 && status <= 504);
}

int download_take_answer(picket_download_t *d)
{
    int status = picket_http_status(&d->http);
    switch (status) {
    case 200: return take_whole(d);
    case 206: return take_part(d);
    case 416: return take_nothing(d);
    default: break;
    }
    int again = passes(status) ? download_again(d, PICKET_ERR_STATUS, retry_after_ms(d)) : PICKET_ERR_STATUS;
    return again == PICKET_ERR_STATUS ? download_wrong(d, PICKET_ERR_STATUS, "status ", status) : again;
}
