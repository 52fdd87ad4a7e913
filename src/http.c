// http.c: the handles of picket.h: a slot, a generation, and errors that stick.

#include <limits.h>
#include <string.h>

#include "client.h"
#include "entropy.h"
#include "text.h"

// --- Start and close

// What could not even be started leaves its error in the handle, and its text where picket_http_detail finds
// it: for those the slot is not needed, so the text is that of the last failed start.
static char start_text[sizeof(((picket_detail_t *)0)->text)];

static int start(picket_http_t *http, picket_t *client, const picket_request_t *request)
{
    int error;
    struct picket_state *state = client_state(client, &error);
    if (error == PICKET_ERR_NO_ENTROPY) {
        text_t text = text_in(start_text, sizeof start_text);
        entropy_explain(&text);
    }
    if (state == NULL)
        return error;
    if (request == NULL || request->url == NULL)
        return PICKET_ERR_ARG;
    slot_t *slot = client_take_slot(state, &http->slot);
    if (slot == NULL)
        return PICKET_ERR_NO_SLOT;
    error = exchange_start(&state->env, request, &slot->exchange, start_text);
    if (error == PICKET_ERR_NO_MEMORY && keep_drop_all(&state->keep))
        error = exchange_start(&state->env, request, &slot->exchange, start_text);
    if (error == 0)
        http->generation = slot->generation;
    return error;
}

int picket_http_start(picket_http_t *http, picket_t *client, const picket_request_t *request)
{
    if (http == NULL)
        return PICKET_ERR_ARG;
    start_text[0] = '\0';
    *http = (picket_http_t){.client = client};
    return http->error = start(http, client, request);
}

static exchange_t *find(const picket_http_t *http)
{
    slot_t *slot = http != NULL ? client_slot(http->client, http->slot, http->generation) : NULL;
    return slot != NULL ? slot->exchange : NULL;
}

// The exchange to go on with, or NULL and *error. The error of an exchange is kept in the handle, where it
// outlives the slot.
static exchange_t *use(picket_http_t *http, int *error)
{
    exchange_t *x = find(http);
    *error = http == NULL ? PICKET_ERR_ARG : http->error;
    if (*error == 0 && x == NULL)
        *error = PICKET_ERR_CLOSED;
    return *error == 0 ? x : NULL;
}

void picket_http_close(picket_http_t *http)
{
    exchange_t *x = find(http);
    if (http == NULL)
        return;
    if (x != NULL) {
        http->client->state->slots[http->slot].exchange = NULL;
        exchange_free(x);
    }
    http->generation = 0;
    http->client = NULL; // picket_http_detail: it did start, so start_text is not about it
    if (http->error == 0)
        http->error = PICKET_ERR_CLOSED;
}

// --- Moving bytes

static bool sticks(int result)
{
    return result < 0 && result != PICKET_AGAIN && result != PICKET_ERR_DONE;
}

int picket_http_write(picket_http_t *http, const void *data, size_t len)
{
    int error;
    exchange_t *x = use(http, &error);
    if (x == NULL)
        return error;
    if (data == NULL || len == 0 || len > INT_MAX)
        return PICKET_ERR_ARG;
    int n = exchange_write(x, data, len);
    if (sticks(n) && n != PICKET_ERR_BODY_LENGTH)
        http->error = n;
    return n;
}

int picket_http_finish(picket_http_t *http)
{
    int error;
    exchange_t *x = use(http, &error);
    if (x == NULL)
        return error;
    return http->error = exchange_finish(x);
}

int picket_http_read(picket_http_t *http, void *buf, size_t len)
{
    int error;
    exchange_t *x = use(http, &error);
    if (x == NULL)
        return error;
    if (buf == NULL || len == 0 || len > INT_MAX)
        return PICKET_ERR_ARG;
    int n = exchange_read(x, buf, len);
    if (sticks(n))
        http->error = n;
    return n;
}

int picket_http_write_blocking(picket_http_t *http, const void *data, size_t len)
{
    const char *bytes = data;
    if (len == 0 || len > INT_MAX)
        return PICKET_ERR_ARG;
    for (size_t done = 0; done < len;) {
        int n = picket_http_write(http, bytes + done, len - done);
        if (n == PICKET_AGAIN)
            client_wait(http->client);
        else if (n < 0)
            return n;
        else
            done += (size_t)n;
    }
    return (int)len;
}

// Whoever waits for the answer has nothing more to give.
int picket_http_read_blocking(picket_http_t *http, void *buf, size_t len)
{
    int n = picket_http_read(http, buf, len);
    if (n == PICKET_AGAIN) {
        int error = picket_http_finish(http);
        if (error != 0)
            return error;
    }
    while (n == PICKET_AGAIN) {
        client_wait(http->client);
        n = picket_http_read(http, buf, len);
    }
    return n;
}

// --- What is known

const char *picket_http_url(const picket_http_t *http)
{
    exchange_t *x = find(http);
    return x != NULL ? exchange_url(x) : "";
}

int picket_http_status(const picket_http_t *http)
{
    exchange_t *x = find(http);
    return x != NULL ? exchange_status(x) : 0;
}

const char *picket_http_reason(const picket_http_t *http)
{
    exchange_t *x = find(http);
    return x != NULL ? exchange_reason(x) : "";
}

int picket_http_version(const picket_http_t *http)
{
    exchange_t *x = find(http);
    return x != NULL ? exchange_version(x) : 0;
}

const char *picket_http_header(const picket_http_t *http, const char *name)
{
    exchange_t *x = find(http);
    return x != NULL && name != NULL ? exchange_header(x, name) : NULL;
}

int picket_http_header_at(const picket_http_t *http, unsigned i, const char **name, const char **value)
{
    exchange_t *x = find(http);
    return x != NULL && name != NULL && value != NULL && exchange_header_at(x, i, name, value) ? 1 : 0;
}

int64_t picket_http_length(const picket_http_t *http)
{
    exchange_t *x = find(http);
    return x != NULL ? exchange_length(x) : -1;
}

picket_detail_t picket_http_detail(const picket_http_t *http)
{
    picket_detail_t detail = {.alert = -1};
    exchange_t *x = find(http);
    if (x != NULL) {
        exchange_describe(x, &detail);
    } else if (http != NULL) {
        detail.error = http->error == 0 && http->generation != 0 ? PICKET_ERR_CLOSED : http->error;
        if (http->client != NULL && http->generation == 0 && http->error != 0 &&
            http->error != PICKET_ERR_CLOSED)
            memcpy(detail.text, start_text, sizeof detail.text);
    }
    return detail;
}
