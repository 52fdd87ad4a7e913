// Request heads, byte by byte, and what is refused because it would break out of its line or frame the
// message.
#include "http1.h"

#include <limits.h>
#include <stdlib.h>

#include "check.h"

#define AGENT  "User-Agent: test/1\r\n"
#define ACCEPT "Accept: */*\r\n"
#define CLOSE  "Connection: close\r\n\r\n"

static url_t parsed(const char *text)
{
    url_t url;

    if (url_parse(text, &url, NULL) != 0)
        FAIL("not a URL: %s", text);
    return url;
}

// Write the head, into a buffer that it just fits in, and compare.
static void check_head(const http1_request_t *request, const char *wanted)
{
    const size_t len = strlen(wanted);
    char *const buf = malloc(len);
    const char *why = "untouched";

    REQUIRE(buf != NULL);
    CHECK_INT(http1_write_head(request, NULL, 0, &why), len);
    CHECK_INT(http1_write_head(request, buf, len, &why), len);
    CHECK_MEM(buf, wanted, len);
    CHECK_STR(why, "untouched");
    free(buf);
}

static http1_request_t get(const url_t *url)
{
    return (http1_request_t){.url = url, .method = "GET", .user_agent = "test/1"};
}

static void check_get(const char *text, const char *wanted)
{
    const url_t url = parsed(text);
    const http1_request_t request = get(&url);

    check_head(&request, wanted);
}

#define GET(target, host) "GET " target " HTTP/1.1\r\nHost: " host "\r\n" AGENT ACCEPT CLOSE

static void gets(void)
{
    check_get("https://example.com/", GET("/", "example.com"));
    check_get("https://example.com", GET("/", "example.com"));
    check_get("https://example.com?x=y", GET("/?x=y", "example.com"));
    check_get("https://example.com/a?b#c", GET("/a?b", "example.com"));
    check_get("https://Example.COM./", GET("/", "Example.COM"));
}

static void host_names_the_port_unless_it_is_the_default(void)
{
    check_get("https://example.com:443/", GET("/", "example.com"));
    check_get("http://example.com:80/", GET("/", "example.com"));
    check_get("http://example.com:443/", GET("/", "example.com:443"));
    check_get("https://example.com:8/", GET("/", "example.com:8"));
    check_get("https://example.com:65535/", GET("/", "example.com:65535"));
}

static void host_of_a_literal(void)
{
    check_get("http://192.0.2.1/", GET("/", "192.0.2.1"));
    check_get("http://192.0.2.1:81/", GET("/", "192.0.2.1:81"));
    check_get("http://[2001:db8::1]/", GET("/", "[2001:db8::1]"));
    check_get("http://[2001:db8::1]:8080/", GET("/", "[2001:db8::1]:8080"));
}

// --- Methods

static void check_method(const char *method, bool has_body, int64_t body_len, const char *wanted)
{
    const url_t url = parsed("http://a/");
    http1_request_t request = get(&url);

    request.method = method;
    request.has_body = has_body;
    request.body_len = body_len;
    check_head(&request, wanted);
}

#define HEAD(method, framing) method " / HTTP/1.1\r\nHost: a\r\n" AGENT ACCEPT framing CLOSE

static void methods_and_bodies(void)
{
    check_method("HEAD", false, 0, HEAD("HEAD", ""));
    check_method("DELETE", false, 0, HEAD("DELETE", ""));
    check_method("!#$%&'*+-.^_`|~aZ09", false, 0, HEAD("!#$%&'*+-.^_`|~aZ09", ""));
    check_method("POST", false, 0, HEAD("POST", "Content-Length: 0\r\n"));
    check_method("PUT", false, 0, HEAD("PUT", "Content-Length: 0\r\n"));
    check_method("PATCH", false, 0, HEAD("PATCH", "Content-Length: 0\r\n"));
    check_method("post", false, 0, HEAD("post", ""));
    check_method("POST", true, 0, HEAD("POST", "Content-Length: 0\r\n"));
    check_method("POST", true, 5, HEAD("POST", "Content-Length: 5\r\n"));
    check_method("GET", true, 10, HEAD("GET", "Content-Length: 10\r\n"));
    check_method("PUT", true, INT64_MAX, HEAD("PUT", "Content-Length: 9223372036854775807\r\n"));
    check_method("POST", true, PICKET_CHUNKED, HEAD("POST", "Transfer-Encoding: chunked\r\n"));
    check_method("GET", false, PICKET_CHUNKED, HEAD("GET", ""));
    check_method(NULL, false, 0, HEAD("GET", ""));
    check_method(NULL, true, 1, HEAD("POST", "Content-Length: 1\r\n"));
}

static int write_method(const char *method)
{
    const url_t url = parsed("http://a/");
    http1_request_t request = get(&url);

    request.method = method;
    return http1_write_head(&request, NULL, 0, NULL);
}

static void methods_that_are_refused(void)
{
    static const char *const methods[] = {"",        "GET ", "GE T",    "GET\r", "GET / HTTP/1.1\r\nX: y",
                                          "G\nT",    "G\tT", "CONNECT", "TRACE", "trace",
                                          "Connect", "G(T",  "G\xc3T",  "G:T"};

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        CHECK_INT(write_method(methods[i]), PICKET_ERR_ARG);
}

static void nothing_behind_a_nul_is_sent(void)
{
    static const picket_header_t headers[] = {{"X\0Y", "a\0b"}};
    const url_t url = parsed("http://a/");
    http1_request_t request = get(&url);

    request.method = "GET\0X";
    request.headers = headers;
    request.header_count = 1;
    check_head(&request, "GET / HTTP/1.1\r\nHost: a\r\n" AGENT ACCEPT "X: a\r\n" CLOSE);
}

// --- Header fields

static void check_headers(const picket_header_t *headers, size_t n, const char *wanted)
{
    const url_t url = parsed("http://a/");
    http1_request_t request = get(&url);

    request.headers = headers;
    request.header_count = n;
    check_head(&request, wanted);
}

#define CHECK_HEADERS(wanted, ...)                                                                  \
    do {                                                                                            \
        static const picket_header_t fields[] = {__VA_ARGS__};                                      \
        check_headers(fields, sizeof fields / sizeof fields[0], "GET / HTTP/1.1\r\n" wanted CLOSE); \
    } while (0)

static void headers_are_added(void)
{
    CHECK_HEADERS("Host: a\r\n" AGENT ACCEPT "X: y\r\n", {"X", "y"});
    CHECK_HEADERS("Host: a\r\n" AGENT ACCEPT "X: y\r\nZ: \r\nX: \t\xff w\r\n", {"X", "y"}, {"Z", ""},
                  {"X", "\t\xff w"});
    CHECK_HEADERS("Host: a\r\n" AGENT ACCEPT "Hosts: b\r\nAccep: c\r\n", {"Hosts", "b"}, {"Accep", "c"});
    CHECK_HEADERS("Host: a\r\n" AGENT ACCEPT "Authorization: Basic eDp5\r\n",
                  {"Authorization", "Basic eDp5"});
}

static void headers_take_the_place_of_defaults(void)
{
    CHECK_HEADERS("Host: a\r\nuser-agent: me\r\n" ACCEPT, {"user-agent", "me"});
    CHECK_HEADERS("Host: a\r\n" AGENT "ACCEPT: text/html\r\n", {"ACCEPT", "text/html"});
    CHECK_HEADERS("Host: b:1\r\n" AGENT ACCEPT, {"Host", "b:1"});
    CHECK_HEADERS("host: b\r\nUser-Agent: me\r\nAccept: x\r\nAccept: y\r\nX: y\r\n", {"Accept", "x"},
                  {"X", "y"}, {"host", "b"}, {"User-Agent", "me"}, {"Accept", "y"});
}

static void headers_without_value_are_left_out(void)
{
    CHECK_HEADERS("Host: a\r\n" ACCEPT, {"User-Agent", NULL});
    CHECK_HEADERS("Host: a\r\n" AGENT, {"accept", NULL});
    CHECK_HEADERS("Host: a\r\n", {"Accept", NULL}, {"User-Agent", NULL}, {"If-None-Match", NULL});
    CHECK_HEADERS("Host: a\r\n" AGENT "Accept: x\r\n", {"Accept", NULL}, {"Accept", "x"});
}

static void user_agent_has_a_default(void)
{
    const url_t url = parsed("http://a/");
    http1_request_t request = get(&url);

    request.user_agent = NULL;
    check_head(&request,
               "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: picket/" PICKET_VERSION "\r\n" ACCEPT CLOSE);
}

static void check_refused(const char *name, const char *value, const char *wanted)
{
    const picket_header_t fields[] = {{"X", "y"}, {name, value}};
    const url_t url = parsed("http://a/");
    http1_request_t request = get(&url);
    char buf[512];
    const char *why = NULL;

    request.headers = fields;
    request.header_count = 2;
    CHECK_INT(http1_write_head(&request, buf, sizeof buf, &why), PICKET_ERR_HEADER);
    CHECK_STR(why, wanted);
    CHECK_INT(http1_write_head(&request, NULL, 0, NULL), PICKET_ERR_HEADER);
}

static void fields_that_frame_are_refused(void)
{
    static const char *const names[] = {"Content-Length", "Transfer-Encoding", "Connection",
                                        "Keep-Alive",     "Proxy-Connection",  "TE",
                                        "Trailer",        "Upgrade",           "Expect"};
    char wanted[64];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(wanted, sizeof wanted, "%s: this field is Picket's own", names[i]);
        check_refused(names[i], "x", wanted);
        check_refused(names[i], NULL, wanted);
    }
    check_refused("content-LENGTH", "5", "Content-Length: this field is Picket's own");
    check_refused("te", "trailers", "TE: this field is Picket's own");
}

static void malformed_names_are_refused(void)
{
    static const char *const names[] = {
        "X:",  "X Y", " X",    "X ",        "X\r\nEvil: y",   "X\n", "X\r", "\tX",
        "X/Y", "X\"", "X\x7f", "X\xc3\xa4", "Content-Length "};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        check_refused(names[i], "y", "a header name has a character that is not allowed");
    check_refused("", "y", "a header field without a name");
    check_refused(NULL, "y", "a header field without a name");
}

static void malformed_values_are_refused(void)
{
    static const char *const values[] = {"a\r\nEvil: b", "a\nb",  "a\rb",  "\n",
                                         "a\r\n",        "a\x01", "a\x7f", "a\x1b[0m"};

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        check_refused("X", values[i], "a header value has a control character");
        check_refused("Host", values[i], "a header value has a control character");
    }
}

static void host_must_be_there_once(void)
{
    static const picket_header_t twice[] = {{"Host", "a"}, {"host", "a"}};
    const url_t url = parsed("http://a/");
    http1_request_t request = get(&url);
    const char *why = NULL;

    check_refused("Host", NULL, "Host: it cannot be left out");
    check_refused("Host", "", "Host: it cannot be left out");
    request.headers = twice;
    request.header_count = 2;
    CHECK_INT(http1_write_head(&request, NULL, 0, &why), PICKET_ERR_HEADER);
    CHECK_STR(why, "Host: it is given more than once");
}

static void user_agent_cannot_break_out(void)
{
    const url_t url = parsed("http://a/");
    http1_request_t request = get(&url);
    const char *why = NULL;

    request.user_agent = "x\r\nEvil: y";
    CHECK_INT(http1_write_head(&request, NULL, 0, &why), PICKET_ERR_HEADER);
    CHECK_STR(why, "User-Agent: it has a control character");
}

static void arguments_are_checked(void)
{
    const url_t url = parsed("http://a/");
    http1_request_t request = get(&url);

    CHECK_INT(http1_write_head(NULL, NULL, 0, NULL), PICKET_ERR_ARG);
    CHECK_INT(http1_write_head(&request, NULL, 1, NULL), PICKET_ERR_ARG);
    request.header_count = 1;
    CHECK_INT(http1_write_head(&request, NULL, 0, NULL), PICKET_ERR_ARG);
    request.header_count = 0;
    request.has_body = true;
    request.body_len = -2;
    CHECK_INT(http1_write_head(&request, NULL, 0, NULL), PICKET_ERR_ARG);
    request.body_len = INT64_MIN;
    CHECK_INT(http1_write_head(&request, NULL, 0, NULL), PICKET_ERR_ARG);
    request = get(NULL);
    CHECK_INT(http1_write_head(&request, NULL, 0, NULL), PICKET_ERR_ARG);
}

// --- Sizes

static void every_smaller_buffer_only_measures(void)
{
    const char *const wanted = GET("/", "example.com");
    const int len = (int)strlen(wanted);
    const url_t url = parsed("http://example.com/");
    const http1_request_t request = get(&url);

    for (int i = 0; i < len; i++) {
        char *const buf = malloc((size_t)i + 1);
        REQUIRE(buf != NULL);
        buf[i] = '#';
        CHECK_INT(http1_write_head(&request, buf, (size_t)i, NULL), len);
        CHECK(buf[i] == '#');
        free(buf);
    }
}

// Measuring does not look at the bytes, so the target may claim any length.
static int measure_target(size_t len)
{
    url_t url = parsed("http://a/");
    const http1_request_t request = get(&url);

    url.target_len = len;
    return http1_write_head(&request, NULL, 0, NULL);
}

static void length_does_not_wrap(void)
{
    const size_t most = (size_t)INT_MAX - strlen(GET("", "a"));

    CHECK_INT(measure_target(most), INT_MAX);
    CHECK_INT(measure_target(most + 1), PICKET_ERR_HEADER);
    CHECK_INT(measure_target((size_t)INT_MAX + 1), PICKET_ERR_HEADER);
    CHECK_INT(measure_target(SIZE_MAX / 2), PICKET_ERR_HEADER);
    CHECK_INT(measure_target(SIZE_MAX), PICKET_ERR_HEADER);
}

// --- Chunks

static void check_chunk(size_t n, const char *size)
{
    const size_t head = strlen(size);
    char *const buf = malloc(HTTP1_CHUNK_ROOM + n + HTTP1_CHUNK_TAIL);
    size_t len = 0;
    char *start;

    REQUIRE(buf != NULL);
    memset(buf + HTTP1_CHUNK_ROOM, 'x', n);
    start = http1_frame_chunk(buf, n, &len);
    REQUIRE(start != NULL && start >= buf);
    CHECK_INT(len, head + n + 2);
    CHECK_MEM(start, size, head);
    CHECK(start + head == buf + HTTP1_CHUNK_ROOM);
    CHECK(start[head] == 'x' && start[head + n - 1] == 'x');
    CHECK_MEM(start + head + n, "\r\n", 2);
    free(buf);
}

static void chunks_are_framed(void)
{
    check_chunk(1, "1\r\n");
    check_chunk(15, "f\r\n");
    check_chunk(16, "10\r\n");
    check_chunk(255, "ff\r\n");
    check_chunk(0xabc, "abc\r\n");
    check_chunk(0x1000, "1000\r\n");
    check_chunk(0xffff, "ffff\r\n");
}

static void chunks_that_cannot_be_framed(void)
{
    char buf[16];
    size_t len = 7;

    CHECK(http1_frame_chunk(buf, 0, &len) == NULL);
    CHECK_INT(len, 0);
    CHECK(http1_frame_chunk(buf, 0x10000, &len) == NULL);
    CHECK(http1_frame_chunk(buf, SIZE_MAX, &len) == NULL);
}

int main(void)
{
    RUN(gets);
    RUN(host_names_the_port_unless_it_is_the_default);
    RUN(host_of_a_literal);
    RUN(methods_and_bodies);
    RUN(methods_that_are_refused);
    RUN(nothing_behind_a_nul_is_sent);
    RUN(headers_are_added);
    RUN(headers_take_the_place_of_defaults);
    RUN(headers_without_value_are_left_out);
    RUN(user_agent_has_a_default);
    RUN(fields_that_frame_are_refused);
    RUN(malformed_names_are_refused);
    RUN(malformed_values_are_refused);
    RUN(host_must_be_there_once);
    RUN(user_agent_cannot_break_out);
    RUN(arguments_are_checked);
    RUN(every_smaller_buffer_only_measures);
    RUN(length_does_not_wrap);
    RUN(chunks_are_framed);
    RUN(chunks_that_cannot_be_framed);
    return check_done();
}
