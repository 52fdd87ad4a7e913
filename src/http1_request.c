// http1_request.c: request heads and chunks. Nothing that the application gives can break out of its line.
#include <limits.h>
#include <string.h>

#include "http1.h"
#include "http1_text.h"
#include "text.h"

#ifndef PICKET_VERSION
#define PICKET_VERSION "0"
#endif

// The head as it grows: at goes on counting where buf has ended.
struct head {
    char *buf;
    size_t len;
    size_t at;
};

static void put(struct head *head, const char *text, size_t n)
{
    // Past INT_MAX the length only has to stay there: many fields may borrow one long string.
    if (n > (size_t)INT_MAX + 1 - head->at)
        n = (size_t)INT_MAX + 1 - head->at;
    if (head->at <= head->len && n > 0 && n <= head->len - head->at)
        memcpy(head->buf + head->at, text, n);
    head->at += n;
}

static void put_text(struct head *head, const char *text)
{
    put(head, text, strlen(text));
}

static void put_field(struct head *head, const char *name, const char *value)
{
    put_text(head, name);
    put_text(head, ": ");
    put_text(head, value);
    put_text(head, "\r\n");
}

static void put_number(struct head *head, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    put(head, digits + at, sizeof digits - at);
}

// --- What is refused

#define OURS(name)                                \
    {                                             \
        name, name ": this field is Picket's own" \
    }

static const struct {
    const char *name;
    const char *why;
} ours[] = {
    OURS("Content-Length"), OURS("Transfer-Encoding"), OURS("Connection"),
    OURS("Keep-Alive"),     OURS("Proxy-Connection"),  OURS("TE"),
    OURS("Trailer"),        OURS("Upgrade"),           OURS("Expect"),
};

static bool is_token(const char *text)
{
    if (*text == '\0')
        return false;
    while (http1_is_token(*text))
        text++;
    return *text == '\0';
}

static bool is_text(const char *text)
{
    while (http1_is_text(*text))
        text++;
    return *text == '\0';
}

static bool is_method(const char *method)
{
    return is_token(method) && !http1_same_name(method, "CONNECT") && !http1_same_name(method, "TRACE");
}

static const char *check_name(const char *name)
{
    if (name == NULL || *name == '\0')
        return "a header field without a name";
    if (!is_token(name))
        return "a header name has a character that is not allowed";
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (http1_same_name(name, ours[i].name))
            return ours[i].why;
    return NULL;
}

static const char *check_host(const char *value)
{
    return value != NULL && *value != '\0' ? NULL : "Host: it cannot be left out";
}

static const char *check_field(const picket_header_t *field)
{
    const char *const why = check_name(field->name);

    if (why != NULL)
        return why;
    if (field->value != NULL && !is_text(field->value))
        return "a header value has a control character";
    return http1_same_name(field->name, "Host") ? check_host(field->value) : NULL;
}

// Fields of the application's that this request must not have, though it gave them.
static bool is_left_out(const http1_request_t *request, const char *name)
{
    static const char content[] = "content-";
    size_t i = 0;

    if (request->proxy == NULL && http1_same_name(name, "Proxy-Authorization"))
        return true; // a server's business it is not
    if (request->foreign && (http1_same_name(name, "Authorization") || http1_same_name(name, "Cookie") ||
                             http1_same_name(name, "Host")))
        return true;
    while (content[i] != '\0' && http1_lower(name[i]) == content[i])
        i++;
    return request->bodyless && content[i] == '\0';
}

static size_t count_fields(const http1_request_t *request, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < request->header_count; i++)
        n += http1_same_name(request->headers[i].name, name);
    return n;
}

static const char *check_fields(const http1_request_t *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const char *const why = check_field(&request->headers[i]);
        if (why != NULL)
            return why;
    }
    if (request->user_agent != NULL && !is_text(request->user_agent))
        return "User-Agent: it has a control character";
    return count_fields(request, "Host") > 1 ? "Host: it is given more than once" : NULL;
}

// --- The head

static const char *method_of(const http1_request_t *request)
{
    if (request->method != NULL)
        return request->method;
    return request->has_body ? "POST" : "GET";
}

static void put_authority(struct head *head, const url_t *url)
{
    const bool brackets = url->is_literal && url->address.family == 6;

    put_text(head, brackets ? "[" : "");
    put(head, url->host, url->host_len);
    put_text(head, brackets ? "]" : "");
    if (url->port_given) {
        put_text(head, ":");
        put_number(head, url->port);
    }
}

static void put_request_line(struct head *head, const http1_request_t *request)
{
    const url_t *const url = request->url;

    put_text(head, method_of(request));
    put_text(head, " ");
    if (request->proxy != NULL) { // RFC 9112 3.2.2
        put_text(head, "http://");
        put_authority(head, url);
    }
    if (url->target_len == 0 || url->target[0] != '/')
        put_text(head, "/");
    put(head, url->target, url->target_len);
    put_text(head, " HTTP/1.1\r\n");
}

static void put_default_host(struct head *head, const url_t *url)
{
    put_text(head, "Host: ");
    put_authority(head, url);
    put_text(head, "\r\n");
}

static void put_given(struct head *head, const http1_request_t *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const picket_header_t *const field = &request->headers[i];
        if (field->value != NULL && http1_same_name(field->name, name))
            put_field(head, field->name, field->value);
    }
}

// The application's fields of this name, or this one. Given with NULL, there is none.
static void put_default(struct head *head, const http1_request_t *request, const char *name,
                        const char *value)
{
    if (count_fields(request, name) == 0)
        put_field(head, name, value);
    else
        put_given(head, request, name);
}

static void put_defaults(struct head *head, const http1_request_t *request)
{
    const char *const agent = request->user_agent;

    if (request->foreign || count_fields(request, "Host") == 0)
        put_default_host(head, request->url);
    else
        put_given(head, request, "Host");
    put_default(head, request, "User-Agent", agent != NULL ? agent : "picket/" PICKET_VERSION);
    put_default(head, request, "Accept", "*/*");
}

static bool has_default(const char *name)
{
    return http1_same_name(name, "Host") || http1_same_name(name, "User-Agent") ||
           http1_same_name(name, "Accept");
}

// --- Credentials

static const char *check_basic(const char *user, const char *password)
{
    if (strchr(user, ':') != NULL)
        return "the user's name has a colon";
    if (!is_text(user) || (password != NULL && !is_text(password)))
        return "the user's name or password has a control character";
    return NULL;
}

// b64token of RFC 6750 section 2.1.
static const char *check_bearer(const char *token)
{
    const char *at = token;

    while (http1_is_digit(*at) || (http1_lower(*at) >= 'a' && http1_lower(*at) <= 'z') ||
           (*at != '\0' && strchr("-._~+/", *at) != NULL))
        at++;
    if (at > token)
        at += strspn(at, "=");
    return at > token && *at == '\0' ? NULL : "the bearer token has a character that is not allowed";
}

static const char *check_proxy(const picket_proxy_t *proxy)
{
    if (proxy->user == NULL)
        return proxy->password != NULL ? "a password without a user, for the proxy" : NULL;
    return check_basic(proxy->user, proxy->password);
}

static const char *check_credentials(const http1_request_t *request)
{
    if (request->proxy != NULL && check_proxy(request->proxy) != NULL)
        return check_proxy(request->proxy);
    if (request->user != NULL && request->bearer != NULL)
        return "both a user and a bearer token";
    if (request->user == NULL && request->password != NULL)
        return "a password without a user";
    if (request->bearer != NULL)
        return check_bearer(request->bearer);
    return request->user != NULL ? check_basic(request->user, request->password) : NULL;
}

// The i-th byte of "user:password".
static uint8_t login_at(const char *user, size_t user_len, const char *password, size_t i)
{
    return (uint8_t)(i < user_len ? user[i] : i == user_len ? ':' : password[i - user_len - 1]);
}

static void put_basic(struct head *head, const char *name, const char *user, const char *password)
{
    const char *const rest = password != NULL ? password : "";
    const size_t user_len = strlen(user);
    const size_t len = user_len + 1 + strlen(rest);

    put_text(head, name);
    put_text(head, ": Basic ");
    for (size_t i = 0; i < len; i += 3) {
        uint8_t bytes[3] = {0};
        char digits[5];
        size_t n = 0;
        text_t text = text_in(digits, sizeof digits);
        for (; n < 3 && i + n < len; n++)
            bytes[n] = login_at(user, user_len, rest, i + n);
        text_base64(&text, bytes, n);
        put(head, digits, 4);
    }
    put_text(head, "\r\n");
}

static void put_credentials(struct head *head, const http1_request_t *request)
{
    const picket_proxy_t *const proxy = request->proxy;

    if (proxy != NULL && proxy->user != NULL)
        put_basic(head, "Proxy-Authorization", proxy->user, proxy->password);
    if (request->foreign || count_fields(request, "Authorization") > 0)
        return;
    if (request->user != NULL)
        put_basic(head, "Authorization", request->user, request->password);
    if (request->bearer != NULL) {
        put_text(head, "Authorization: Bearer ");
        put_text(head, request->bearer);
        put_text(head, "\r\n");
    }
}

static void put_others(struct head *head, const http1_request_t *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const picket_header_t *const field = &request->headers[i];
        if (field->value != NULL && !has_default(field->name) && !is_left_out(request, field->name))
            put_field(head, field->name, field->value);
    }
}

// A server may wait for the body of these methods unless it is told that there is none (RFC 9110 section
// 8.6).
static bool expects_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

static void put_framing(struct head *head, const http1_request_t *request)
{
    if (request->has_body && request->body_len == PICKET_CHUNKED)
        put_field(head, "Transfer-Encoding", "chunked");
    else if (request->has_body || expects_body(method_of(request))) {
        put_text(head, "Content-Length: ");
        put_number(head, request->has_body ? (uint64_t)request->body_len : 0);
        put_text(head, "\r\n");
    }
    if (request->expect && request->has_body)
        put_field(head, "Expect", "100-continue");
    if (!request->keep)
        put_field(head, "Connection", "close");
    put_text(head, "\r\n");
}

static bool has_arguments(const http1_request_t *request, const char *buf, size_t len)
{
    if (request == NULL || request->url == NULL || (request->headers == NULL && request->header_count > 0))
        return false;
    if (request->has_body && request->body_len < 0 && request->body_len != PICKET_CHUNKED)
        return false;
    return (buf != NULL || len == 0) && is_method(method_of(request));
}

int http1_write_head(const http1_request_t *request, char *buf, size_t len, const char **why)
{
    struct head head = {buf, len, 0};
    const char *wrong;

    if (!has_arguments(request, buf, len))
        return PICKET_ERR_ARG;
    wrong = check_fields(request);
    if (wrong == NULL)
        wrong = check_credentials(request);
    if (wrong == NULL) {
        put_request_line(&head, request);
        put_defaults(&head, request);
        put_credentials(&head, request);
        put_others(&head, request);
        put_framing(&head, request);
        if (head.at <= INT_MAX)
            return (int)head.at;
        wrong = "the request head is too large";
    }
    if (why != NULL)
        *why = wrong;
    return PICKET_ERR_HEADER;
}

static void put_host_and_port(struct head *head, const http1_connect_t *connect)
{
    put_text(head, connect->brackets ? "[" : "");
    put_text(head, connect->host);
    put_text(head, connect->brackets ? "]:" : ":");
    put_number(head, connect->port);
}

int http1_write_connect(const http1_connect_t *connect, char *buf, size_t len, const char **why)
{
    struct head head = {buf, len, 0};
    const picket_proxy_t login = {.user = connect->user, .password = connect->password};
    const char *const wrong = check_proxy(&login);

    if (wrong != NULL) {
        if (why != NULL)
            *why = wrong;
        return PICKET_ERR_HEADER;
    }
    put_text(&head, "CONNECT ");
    put_host_and_port(&head, connect);
    put_text(&head, " HTTP/1.1\r\nHost: ");
    put_host_and_port(&head, connect);
    put_text(&head, "\r\n");
    if (connect->user_agent != NULL)
        put_field(&head, "User-Agent", connect->user_agent);
    if (connect->user != NULL)
        put_basic(&head, "Proxy-Authorization", connect->user, connect->password);
    put_text(&head, "\r\n");
    return head.at <= INT_MAX ? (int)head.at : PICKET_ERR_HEADER;
}

// --- Chunks

char *http1_frame_chunk(char *buf, size_t n, size_t *len)
{
    static const char digits[] = "0123456789abcdef";
    char *start = buf + HTTP1_CHUNK_ROOM;

    *len = 0;
    if (n == 0 || n > 0xffff)
        return NULL;
    memcpy(start + n, "\r\n", HTTP1_CHUNK_TAIL);
    *--start = '\n';
    *--start = '\r';
    for (size_t size = n; size > 0; size >>= 4)
        *--start = digits[size & 15];
    *len = (size_t)(buf + HTTP1_CHUNK_ROOM - start) + n + HTTP1_CHUNK_TAIL;
    return start;
}
