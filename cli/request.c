// request.c: see request.h.
#include "request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"

static void append(char **text, const char *more)
{
    const size_t len = *text != NULL ? strlen(*text) : 0;

    *text = memory_resize(*text, len + strlen(more) + 1);
    strcpy(*text + len, more);
}

static bool is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

static void append_escaped(char **url, const char *name)
{
    for (; *name != '\0'; name++) {
        char one[4] = {*name, '\0'};
        if (!is_unreserved(*name))
            snprintf(one, sizeof one, "%%%02X", (unsigned)(unsigned char)*name);
        append(url, one);
    }
}

// As curl does it: a URL that names a folder gets the name of the file that is sent there.
static void append_file_name(char **url, const char *path)
{
    const char *const slash = strrchr(path, '/');
    const char *const tree = strchr(strstr(*url, "://") + 3, '/');

    if (strpbrk(*url, "?#") != NULL || (tree != NULL && tree[strlen(tree) - 1] != '/'))
        return;
    if (tree == NULL)
        append(url, "/");
    append_escaped(url, slash != NULL ? slash + 1 : path);
}

static char *without_login(const char *url)
{
    const size_t host = strcspn(url, ":") + strlen("://");
    size_t at = host + strcspn(url + host, "/?#");
    char *const shown = memory_resize(NULL, strlen(url) + 1);

    while (at > host && url[at - 1] != '@')
        at--;
    memcpy(shown, url, host);
    strcpy(shown + host, url + at);
    return shown;
}

static char *build_url(const struct options *options, size_t index)
{
    const char *const text = options->urls[index];
    const char *const scheme = strstr(text, "://");
    char *url = NULL;

    if (scheme == NULL || text + strcspn(text, "/?#") < scheme)
        append(&url, "https://");
    append(&url, text);
    if (index < options->upload_count && strcmp(options->uploads[index], "-") != 0)
        append_file_name(&url, options->uploads[index]);
    return url;
}

static bool is_field(const picket_header_t *header, const char *name, const char *value)
{
    return header->value != NULL && strcasecmp(header->name, name) == 0 &&
           strcasecmp(header->value, value) == 0;
}

static bool is_unset(const picket_header_t *header, const char *name)
{
    return header->value == NULL && strcasecmp(header->name, name) == 0;
}

static bool expects_continue(const struct options *options)
{
    for (size_t i = 0; i < options->header_count; i++)
        if (is_field(&options->headers[i], "Expect", "100-continue"))
            return true;
    return false;
}

static bool wants_chunks(const struct options *options)
{
    for (size_t i = 0; i < options->header_count; i++)
        if (is_field(&options->headers[i], "Transfer-Encoding", "chunked"))
            return true;
    return false;
}

bool request_keeps(const struct options *options)
{
    for (size_t i = 0; i < options->header_count; i++)
        if (is_field(&options->headers[i], "Connection", "close"))
            return false;
    return true;
}

// The fields that frame the message are the library's. Scripts written for curl name them all the same; what
// says no more than what is sent anyway is left out, and the rest is for the library to refuse.
static bool is_sent_anyway(const picket_header_t *header, int64_t length)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRId64, length);
    return is_field(header, "Connection", "close") || is_field(header, "Connection", "keep-alive") ||
           is_field(header, "Expect", "100-continue") || is_unset(header, "Expect") ||
           is_field(header, "Content-Length", digits) || is_field(header, "Transfer-Encoding", "chunked");
}

static bool names_field(const struct options *options, const char *name)
{
    for (size_t i = 0; i < options->header_count; i++)
        if (strcasecmp(options->headers[i].name, name) == 0)
            return true;
    return false;
}

static void build_headers(struct request *request, const struct options *options)
{
    picket_header_t *const headers = memory_resize(NULL, (options->header_count + 2) * sizeof *headers);
    const bool form = options->data_count > 0 && !names_field(options, "Content-Type");
    const bool no_agent = options->user_agent != NULL && options->user_agent[0] == '\0';
    size_t count = 0;

    if (form)
        headers[count++] = (picket_header_t){"Content-Type", "application/x-www-form-urlencoded"};
    if (no_agent && !names_field(options, "User-Agent"))
        headers[count++] = (picket_header_t){"User-Agent", NULL};
    for (size_t i = 0; i < options->header_count; i++)
        if (!is_sent_anyway(&options->headers[i], request->request.body_len))
            headers[count++] = options->headers[i];
    request->headers = headers;
    request->request.headers = headers;
    request->request.header_count = count;
}

static const char *choose_method(const struct options *options, const struct body *body)
{
    if (options->method != NULL || !(options->head || body->present))
        return options->method;
    if (options->head)
        return "HEAD";
    return options->data_count > 0 ? "POST" : "PUT";
}

static int read_body(void *ctx, uint64_t at, void *buf, size_t len)
{
    const int n = body_read_at(ctx, at, buf, len);

    return n < 0 ? PICKET_ERR_BODY_SOURCE : n;
}

static void build_body(picket_request_t *request, const struct options *options, struct body *body)
{
    if (!body->present)
        return;
    request->body_len = wants_chunks(options) ? PICKET_CHUNKED : body->length;
    // A body of no bytes is a body, too: the server is told that its length is 0.
    if (request->body_len == 0)
        request->body = "";
    else if (body_is_seekable(body))
        request->body_read = read_body;
    request->body_ctx = body;
}

// Whoever allows more time for everything than a silence may last by default allows longer silences.
static void build_timeouts(picket_timeouts_t *timeouts, const struct options *options)
{
    timeouts->connect_ms = options->connect_timeout_ms;
    timeouts->total_ms = options->max_time_ms;
    if (options->max_time_ms > PICKET_HEAD_MS)
        timeouts->head_ms = options->max_time_ms;
    if (options->max_time_ms > PICKET_IDLE_MS)
        timeouts->idle_ms = options->max_time_ms;
}

void request_build(struct request *request, const struct options *options, size_t index, struct body *body)
{
    memset(request, 0, sizeof *request);
    request->url = build_url(options, index);
    request->shown = without_login(request->url);
    request->request.url = request->url;
    request->request.method = choose_method(options, body);
    if (options->proxy_url == NULL) // which looks names up by itself
        request->request.address = resolve_find(options->resolve, options->resolve_count, request->url);
    build_body(&request->request, options, body);
    build_headers(request, options);
    build_timeouts(&request->request.timeouts, options);
    request->request.user = options->login.user;
    request->request.password = options->login.user != NULL ? options->login.password : NULL;
    request->request.bearer = options->bearer;
    request->request.url_credentials = options->url_credentials;
    request->request.expect_continue = expects_continue(options);
    request->request.max_redirects = options->location ? options->max_redirects : 0;
}

void request_add(struct request *request, const char *name, const char *value)
{
    picket_request_t *const r = &request->request;

    if (value == NULL)
        return;
    request->headers = memory_resize(request->headers, (r->header_count + 1) * sizeof request->headers[0]);
    request->headers[r->header_count++] = (picket_header_t){name, value};
    r->headers = request->headers;
}

void request_free(struct request *request)
{
    free(request->url);
    free(request->shown);
    free(request->headers);
    memset(request, 0, sizeof *request);
}
