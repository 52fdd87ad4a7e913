// The command line of picket: what is accepted, what is refused and in which words, and what becomes of it.
#include "../../cli/body.c"
#include "../../cli/exit_code.c"
#include "../../cli/failure.c"
#include "../../cli/file.c"
#include "../../cli/memory.c"
#include "../../cli/message.c"
#include "../../cli/options.c"
#include "../../cli/range.c"
#include "../../cli/request.c"
#include "../../cli/resolve.c"
#include "../../cli/write_out.c"

#include "check.h"
#include "script_port.h"

static struct options options;

// The words of one command line, ended with NULL; the first is the program.
static enum options_result parse(const char *const *words)
{
    int count = 0;

    while (words[count] != NULL)
        count++;
    options_free(&options);
    return options_parse(&options, count, (char *const *)(uintptr_t)words);
}
#define PARSE(...) parse((const char *const[]){"picket", __VA_ARGS__, NULL})

static void short_options_may_be_joined(void)
{
    REQUIRE_INT(PARSE("-sio", "file", "-XDELETE", "-fvm2.5", "u"), OPTIONS_RUN);
    CHECK(options.silent && options.include && options.fail && options.verbose && !options.head);
    CHECK_STR(options.outputs[0], "file");
    CHECK_STR(options.method, "DELETE");
    CHECK_INT(options.max_time_ms, 2500);
    CHECK_INT(options.url_count, 1);
    CHECK_STR(options.urls[0], "u");
}

static void every_option_has_its_place(void)
{
    REQUIRE_INT(PARSE("--cacert", "ca", "--keylog", "keys", "--trace", "pcap", "--user-agent", "me", "--dhcp",
                      "--report", "--include", "--head", "--fail", "--ssl-sessions", "file", "--url", "a",
                      "b"),
                OPTIONS_RUN);
    CHECK_STR(options.cacert, "ca");
    CHECK_STR(options.keylog, "keys");
    CHECK_STR(options.trace, "pcap");
    CHECK_STR(options.user_agent, "me");
    CHECK_STR(options.sessions, "file");
    CHECK(options.dhcp && options.report && options.include && options.head && options.fail);
    CHECK_INT(options.url_count, 2);
}

static void redirects_are_counted(void)
{
    REQUIRE_INT(PARSE("u"), OPTIONS_RUN);
    CHECK(!options.location);
    REQUIRE_INT(PARSE("-sL", "u"), OPTIONS_RUN);
    CHECK(options.location);
    CHECK_INT(options.max_redirects, 50);
    REQUIRE_INT(PARSE("--location", "--max-redirs", "65535", "u"), OPTIONS_RUN);
    CHECK_INT(options.max_redirects, 65535);
    REQUIRE_INT(PARSE("--max-redirs", "0", "u"), OPTIONS_RUN);
    CHECK_INT(options.max_redirects, 0);
    CHECK_INT(PARSE("--max-redirs", "65536", "u"), OPTIONS_WRONG);
    CHECK_STR(options.error, "--max-redirs 65536: not a number from 0 to 65535");
    CHECK_INT(PARSE("--max-redirs", "-1", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("--max-redirs", "", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("--max-redirs", "5x", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("--max-redirs", "99999999999", "u"), OPTIONS_WRONG);
}

static void credentials_are_taken_apart(void)
{
    REQUIRE_INT(PARSE("-u", "me:it:is", "u"), OPTIONS_RUN);
    CHECK_STR(options.login.user, "me");
    CHECK_STR(options.login.password, "it:is");
    REQUIRE_INT(PARSE("-u", "x:y", "--user", ":", "u"), OPTIONS_RUN);
    CHECK_STR(options.login.user, "");
    CHECK_STR(options.login.password, "");
    CHECK_INT(PARSE("-u", "secret", "u"), OPTIONS_WRONG);
    CHECK_STR(options.error, "-u: not USER:PASSWORD");
    REQUIRE_INT(PARSE("--oauth2-bearer", "t", "--url-credentials", "u"), OPTIONS_RUN);
    CHECK_STR(options.bearer, "t");
    CHECK(options.url_credentials);
    CHECK_INT(PARSE("--oauth2-bearer", "t", "-u", "a:b", "u"), OPTIONS_WRONG);
}

static void options_end_at_two_dashes(void)
{
    REQUIRE_INT(PARSE("-s", "--", "-v", "--", "-"), OPTIONS_RUN);
    CHECK_INT(options.url_count, 3);
    CHECK_STR(options.urls[0], "-v");
    CHECK(!options.verbose);
}

static void help_and_version_need_no_url(void)
{
    CHECK_INT(PARSE("--help"), OPTIONS_HELP);
    CHECK_INT(PARSE("-sh"), OPTIONS_HELP);
    CHECK_INT(PARSE("-V", "--bogus"), OPTIONS_VERSION);
}

static void ranges_have_their_place(void)
{
    REQUIRE_INT(PARSE("-r", "1-2,-3", "u"), OPTIONS_RUN);
    CHECK_STR(options.range, "1-2,-3");
    CHECK(!options.continues);
    REQUIRE_INT(PARSE("-C", "17", "u"), OPTIONS_RUN);
    CHECK(options.continues && !options.continues_at_end && options.continue_at == 17);
    REQUIRE_INT(PARSE("-C-", "u"), OPTIONS_RUN);
    CHECK(options.continues && options.continues_at_end);
    CHECK_INT(PARSE("-C", "-", "-r1-", "u"), OPTIONS_WRONG);
    CHECK_STR(options.error, "-C and -r cannot be used together");
    CHECK_INT(PARSE("-r", "2-x", "u"), OPTIONS_WRONG);
    CHECK_STR(options.error, "-r 2-x: not a range of bytes");
    CHECK_INT(PARSE("-C", "2x", "u"), OPTIONS_WRONG);
    CHECK_STR(options.error, "-C 2x: not a number of bytes, nor -");
}

static void unknown_options_are_named(void)
{
    CHECK_INT(PARSE("--bogus", "u"), OPTIONS_WRONG);
    CHECK_STR(options.error, "unknown option: --bogus (see picket --help)");
    CHECK_INT(PARSE("-s~", "u"), OPTIONS_WRONG);
    CHECK_STR(options.error, "unknown option: -~ (see picket --help)");
    CHECK_INT(PARSE("--max-time=3", "u"), OPTIONS_WRONG);
    CHECK_STR(options.error, "unknown option: --max-time=3 (see picket --help)");
    CHECK_INT(PARSE("--max", "u"), OPTIONS_WRONG);
}

static void missing_arguments_are_named(void)
{
    CHECK_INT(PARSE("u", "--cacert"), OPTIONS_WRONG);
    CHECK_STR(options.error, "--cacert: needs FILE");
    CHECK_INT(PARSE("u", "-so"), OPTIONS_WRONG);
    CHECK_STR(options.error, "--output: needs FILE");
    CHECK_INT(PARSE("-s"), OPTIONS_WRONG);
    CHECK_STR(options.error, "no URL given (see picket --help)");
}

static void verification_cannot_be_switched_off(void)
{
    CHECK_INT(PARSE("-k", "u"), OPTIONS_WRONG);
    CHECK(strstr(options.error, "--cacert") != NULL);
    CHECK_INT(PARSE("-sk", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("--insecure", "u"), OPTIONS_WRONG);
    CHECK(strstr(options.error, "Picket has no such option") != NULL);
}

static void seconds_may_have_a_fraction(void)
{
    static const struct {
        const char *text;
        uint32_t ms;
    } good[] = {
        {"0", 0},
        {"1", 1000},
        {"0.25", 250},
        {".5", 500},
        {"3.", 3000},
        {"0.0004", 1},
        {"0.000", 0},
        {"1.9999", 1999},
        {"007", 7000},
        {"2147483", 2147483000},
        {"2147483.647", 2147483647},
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CHECK_INT(PARSE("-m", good[i].text, "--connect-timeout", good[i].text, "u"), OPTIONS_RUN);
        CHECK_INT(options.max_time_ms, good[i].ms);
        CHECK_INT(options.connect_timeout_ms, good[i].ms);
    }
}

static void what_is_no_number_is_refused(void)
{
    static const char *const bad[] = {
        "",
        ".",
        "-1",
        "+1",
        "1s",
        " 1",
        "1 ",
        "1e3",
        "x",
        "0x10",
        "1,5",
        "inf",
        "nan",
        "1.2.3",
        "2147483.648",
        "2147484",
        "99999999999999999999999999",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_INT(PARSE("-m", bad[i], "u"), OPTIONS_WRONG);
        CHECK_INT(PARSE("--connect-timeout", bad[i], "u"), OPTIONS_WRONG);
    }
    CHECK_STR(options.error, "--connect-timeout 99999999999999999999999999: not a number of seconds");
}

static void tls_versions_must_leave_one(void)
{
    REQUIRE_INT(PARSE("--tlsv1.3", "--tls-max", "1.3", "u"), OPTIONS_RUN);
    CHECK_INT(options.tls_min, PICKET_TLS_1_3);
    CHECK_INT(options.tls_max, PICKET_TLS_1_3);
    REQUIRE_INT(PARSE("--tlsv1.2", "--tls-max", "1.2", "u"), OPTIONS_RUN);
    CHECK_INT(options.tls_min, PICKET_TLS_1_2);
    CHECK_INT(options.tls_max, PICKET_TLS_1_2);
    CHECK_INT(PARSE("--tlsv1.3", "--tls-max", "1.2", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("--tls-max", "1.1", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("--tlsv1.1", "u"), OPTIONS_WRONG);
}

static void headers_are_taken_apart(void)
{
    REQUIRE_INT(PARSE("-H", "A: b: c", "-H", "Accept:", "-H", "Accept:  ", "-H", "E;", "-H", "N:v", "u"),
                OPTIONS_RUN);
    REQUIRE_INT(options.header_count, 5);
    CHECK_STR(options.headers[0].name, "A");
    CHECK_STR(options.headers[0].value, "b: c");
    CHECK_STR(options.headers[1].name, "Accept");
    CHECK_STR(options.headers[1].value, NULL);
    CHECK_STR(options.headers[2].value, NULL);
    CHECK_STR(options.headers[3].name, "E");
    CHECK_STR(options.headers[3].value, "");
    CHECK_STR(options.headers[4].value, "v");
    CHECK_INT(PARSE("-H", "no header", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("-H", ": v", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("-H", "A; v", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("-H", "", "u"), OPTIONS_WRONG);
}

static void methods_are_tokens(void)
{
    CHECK_INT(PARSE("-X", "PROPFIND", "u"), OPTIONS_RUN);
    CHECK_INT(PARSE("-X", "", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("-X", "GET /", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("-X", "A\r\nB", "u"), OPTIONS_WRONG);
}

static void one_kind_of_request_at_a_time(void)
{
    CHECK_INT(PARSE("-d", "x", "-T", "f", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("-d", "x", "-I", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("-T", "f", "-I", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("-d", "x", "--data-raw", "@y", "--data-binary", "@z", "u"), OPTIONS_RUN);
    CHECK_INT(options.data_count, 3);
    CHECK_INT(options.data[0].kind, DATA_TEXT);
    CHECK_INT(options.data[1].kind, DATA_RAW);
    CHECK_INT(options.data[2].kind, DATA_BINARY);
}

static void outputs_belong_to_urls_in_order(void)
{
    REQUIRE_INT(PARSE("-o", "a", "-O", "u1", "u2", "u3"), OPTIONS_RUN);
    CHECK_INT(options.output_count, 2);
    CHECK_STR(options.outputs[0], "a");
    CHECK_STR(options.outputs[1], NULL);
    CHECK_INT(PARSE("-o", "a", "-o", "b", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("-T", "a", "-T", "b", "u"), OPTIONS_WRONG);
}

static void many_of_a_kind(void)
{
    const char *words[202] = {"picket"};

    for (size_t i = 1; i <= 200; i++)
        words[i] = i % 2 == 0 ? "even" : "odd";
    REQUIRE_INT(parse(words), OPTIONS_RUN);
    REQUIRE_INT(options.url_count, 200);
    for (size_t i = 0; i < 200; i++)
        CHECK_STR(options.urls[i], i % 2 == 0 ? "odd" : "even");
}

static void name_servers(void)
{
    REQUIRE_INT(PARSE("--dns-servers", "192.0.2.1,2001:db8::1", "u"), OPTIONS_RUN);
    CHECK_STR(options.dns_servers[0], "192.0.2.1");
    CHECK_STR(options.dns_servers[1], "2001:db8::1");
    CHECK_INT(PARSE("--dns-servers", "192.0.2.1,", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("--dns-servers", "1.1.1.1,1.1.1.2,1.1.1.3", "u"), OPTIONS_WRONG);
    CHECK_INT(PARSE("--dns-servers", "dns.example", "u"), OPTIONS_WRONG);
}

// --- --resolve

static const picket_address_t *resolved(const char *entry, const char *url)
{
    if (PARSE("--resolve", entry, "u") != OPTIONS_RUN)
        return NULL;
    return resolve_find(options.resolve, options.resolve_count, url);
}

static void resolve_names_an_address(void)
{
    const picket_address_t *address = resolved("Name.example:8443:192.0.2.7", "https://nAME.EXAMPLE:8443/x");

    REQUIRE(address != NULL);
    CHECK_INT(address->family, 4);
    CHECK_MEM(address->bytes, ((const uint8_t[]){192, 0, 2, 7}), 4);
    CHECK(resolved("name.example:443:[2001:db8::1]", "https://name.example/") != NULL);
    CHECK(resolved("name.example:443:2001:db8::1", "https://name.example./") != NULL);
    CHECK(resolved("name.example.:80:127.0.0.1", "http://name.example") != NULL);
    CHECK(resolved("[2001:db8::5]:443:127.0.0.1", "https://[2001:db8:0::5]/") != NULL);
    CHECK(resolved("192.0.2.1:443:127.0.0.1", "https://192.0.2.1/") != NULL);
}

static void resolve_is_for_that_host_and_port(void)
{
    CHECK(resolved("name.example:443:192.0.2.7", "https://name.example:444/") == NULL);
    CHECK(resolved("name.example:443:192.0.2.7", "http://name.example/") == NULL);
    CHECK(resolved("name.example:443:192.0.2.7", "https://xname.example/") == NULL);
    CHECK(resolved("name.example:443:192.0.2.7", "https://name.example.org/") == NULL);
    CHECK(resolved("name.example:443:192.0.2.7", "not a url") == NULL);
}

static void the_last_resolve_counts(void)
{
    REQUIRE_INT(PARSE("--resolve", "a.b:443:192.0.2.1", "--resolve", "a.b:443:192.0.2.2", "u"), OPTIONS_RUN);
    const picket_address_t *const address = resolve_find(options.resolve, 2, "https://a.b/");
    REQUIRE(address != NULL);
    CHECK_INT(address->bytes[3], 2);
}

static void malformed_resolve_is_named(void)
{
    static const char *const bad[] = {
        "",
        "a",
        "a:443",
        "a:443:",
        ":443:127.0.0.1",
        "a::1.2.3.4",
        "a:0:1.2.3.4",
        "a:65536:1.2.3.4",
        "a:x:1.2.3.4",
        "a:443:b",
        "a:443:1.2.3.4,1.2.3.5",
        "a:443:[1.2.3.4]",
        "a:443:[::1",
        "[::1:443:1.2.3.4",
        "[a]:443:1.2.3.4",
        "*:443:1.2.3.4",
        "a b:443:1.2.3.4",
    };
    char said[128];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_INT(PARSE("--resolve", bad[i], "u"), OPTIONS_WRONG);
        snprintf(said, sizeof said, "--resolve %s: not HOST:PORT:ADDRESS", bad[i]);
        CHECK_STR(options.error, said);
    }
}

// --- What is asked of the library

static struct request request;

static const picket_request_t *build(struct body *body)
{
    request_free(&request);
    request_build(&request, &options, 0, body);
    return &request.request;
}

static const char *url_of(const char *text, const char *upload)
{
    if (upload != NULL)
        PARSE("-T", upload, text);
    else
        PARSE(text);
    return build(&(struct body){0})->url;
}

static void https_is_the_scheme_when_there_is_none(void)
{
    CHECK_STR(url_of("example.com", NULL), "https://example.com");
    CHECK_STR(url_of("localhost:8080/x", NULL), "https://localhost:8080/x");
    CHECK_STR(url_of("example.com/?u=http://x/", NULL), "https://example.com/?u=http://x/");
    CHECK_STR(url_of("HTTP://example.com", NULL), "HTTP://example.com");
    CHECK_STR(url_of("ftp://example.com", NULL), "ftp://example.com");
}

static void a_folder_gets_the_name_of_the_file(void)
{
    CHECK_STR(url_of("http://h", "dir/a b%.txt"), "http://h/a%20b%25.txt");
    CHECK_STR(url_of("http://h/d/", "f"), "http://h/d/f");
    CHECK_STR(url_of("http://h/d", "f"), "http://h/d");
    CHECK_STR(url_of("http://h/?d=/", "f"), "http://h/?d=/");
    CHECK_STR(url_of("http://h/d/", "-"), "http://h/d/");
}

static void the_method_follows_from_the_options(void)
{
    struct body none = {0};
    struct body some = {.present = true, .length = 3};

    PARSE("u");
    CHECK_STR(build(&none)->method, NULL);
    PARSE("-I", "u");
    CHECK_STR(build(&none)->method, "HEAD");
    PARSE("-d", "abc", "u");
    CHECK_STR(build(&some)->method, "POST");
    CHECK_INT(request.request.body_len, 3);
    PARSE("-T", "f", "u");
    CHECK_STR(build(&some)->method, "PUT");
    PARSE("-T", "f", "-X", "PATCH", "u");
    CHECK_STR(build(&some)->method, "PATCH");
    some.length = PICKET_CHUNKED;
    CHECK_INT(build(&some)->body_len, PICKET_CHUNKED);
    some.length = 0;
    CHECK_INT(build(&some)->body_len, 0);
    CHECK(request.request.body != NULL);
}

static void headers_that_are_sent_anyway_are_left_out(void)
{
    struct body some = {.present = true, .length = 3};

    PARSE("-T", "f", "-H", "Content-Length: 3", "-H", "connection: CLOSE", "-H", "X: y", "u");
    REQUIRE_INT(build(&some)->header_count, 1);
    CHECK_STR(request.request.headers[0].name, "X");
    PARSE("-T", "f", "-H", "Content-Length: 4", "-H", "Connection: upgrade", "u");
    CHECK_INT(build(&some)->header_count, 2);
    PARSE("-T", "f", "-H", "Transfer-Encoding: chunked", "u");
    CHECK_INT(build(&some)->header_count, 0);
    CHECK_INT(request.request.body_len, PICKET_CHUNKED);
}

static void forms_say_what_they_are(void)
{
    struct body some = {.present = true, .length = 3};

    PARSE("-d", "abc", "u");
    REQUIRE_INT(build(&some)->header_count, 1);
    CHECK_STR(request.request.headers[0].name, "Content-Type");
    CHECK_STR(request.request.headers[0].value, "application/x-www-form-urlencoded");
    PARSE("-d", "abc", "-H", "content-type: a/b", "u");
    REQUIRE_INT(build(&some)->header_count, 1);
    CHECK_STR(request.request.headers[0].value, "a/b");
    PARSE("-d", "abc", "-H", "content-type:", "u");
    REQUIRE_INT(build(&some)->header_count, 1);
    CHECK_STR(request.request.headers[0].value, NULL);
}

static void no_agent_when_its_name_is_empty(void)
{
    PARSE("-A", "", "u");
    REQUIRE_INT(build(&(struct body){0})->header_count, 1);
    CHECK_STR(request.request.headers[0].name, "User-Agent");
    CHECK_STR(request.request.headers[0].value, NULL);
}

static void a_longer_max_time_allows_longer_silences(void)
{
    struct body none = {0};

    PARSE("-m", "5", "--connect-timeout", "2", "u");
    CHECK_INT(build(&none)->timeouts.total_ms, 5000);
    CHECK_INT(request.request.timeouts.connect_ms, 2000);
    CHECK_INT(request.request.timeouts.head_ms, 0);
    PARSE("-m", "100", "u");
    CHECK_INT(build(&none)->timeouts.head_ms, 100000);
    CHECK_INT(request.request.timeouts.idle_ms, 100000);
    CHECK_INT(request.request.timeouts.connect_ms, 0);
}

// --- Exit codes and messages

static void every_error_has_its_exit_code(void)
{
#define EXPECT_CODE(name, value, sentence) CHECK(exit_code_of(name) > 0 && exit_code_of(name) < 128);
    PICKET_ERROR_LIST(EXPECT_CODE)
#undef EXPECT_CODE
    CHECK_INT(exit_code_of(0), 0);
    CHECK_INT(exit_code_of(PICKET_ERR_SCHEME), 1);
    CHECK_INT(exit_code_of(PICKET_ERR_URL), 3);
    CHECK_INT(exit_code_of(PICKET_ERR_NO_ADDRESS), 6);
    CHECK_INT(exit_code_of(PICKET_ERR_REFUSED), 7);
    CHECK_INT(exit_code_of(PICKET_ERR_NOT_HTTP), 8);
    CHECK_INT(exit_code_of(PICKET_ERR_BODY_CUT), 18);
    CHECK_INT(exit_code_of(PICKET_ERR_NO_MEMORY), 27);
    CHECK_INT(exit_code_of(PICKET_ERR_TIMEOUT_LOOKUP), 28);
    CHECK_INT(exit_code_of(PICKET_ERR_TIMEOUT_TOTAL), 28);
    CHECK_INT(exit_code_of(PICKET_ERR_ALERT), 35);
    CHECK_INT(exit_code_of(PICKET_ERR_EMPTY), 52);
    CHECK_INT(exit_code_of(PICKET_ERR_RESET), 56);
    CHECK_INT(exit_code_of(PICKET_ERR_EXPIRED), 60);
    CHECK_INT(exit_code_of(PICKET_ERR_NO_TIME), 60);
    CHECK_INT(exit_code_of(PICKET_ERR_NO_TRUST), 77);
    CHECK_INT(exit_code_of(PICKET_ERR_INTERNAL), 70);
}

static void only_internal_errors_have_no_row(void)
{
    int without = 0;

#define COUNT_OTHER(name, value, sentence) without += exit_code_of(name) == EXIT_OTHER;
    PICKET_ERROR_LIST(COUNT_OTHER)
#undef COUNT_OTHER
    // PICKET_AGAIN, _ARG, _BUSY, _CLOSED, _DONE, _INTERNAL, _NO_HOST (of altcp only), _SESSION (passed over); of download.h, which is not for the command:
    // _CHANGED, _TOO_LARGE, _DIGEST, _SIGNATURE, _SINK
    CHECK_INT(without, 13);
}

static void messages_cannot_drive_the_terminal(void)
{
    char buf[64];

    CHECK_STR(message_escape("a b~", buf, sizeof buf), "a b~");
    CHECK_STR(message_escape("\x1b[31m\r\n\t\x7f", buf, sizeof buf), "\\x1b[31m\\x0d\\x0a\\x09\\x7f");
    CHECK_STR(message_escape("\xc2\x9b", buf, sizeof buf), "\\xc2\\x9b");
    for (size_t len = 1; len < 16; len++) {
        message_escape("ab\x1b\x1b\x1b", buf, len);
        CHECK(strlen(buf) < len);
    }
}

int main(void)
{
    script_reset(); // range.c asks the library, which wants some port
    RUN(short_options_may_be_joined);
    RUN(every_option_has_its_place);
    RUN(redirects_are_counted);
    RUN(credentials_are_taken_apart);
    RUN(options_end_at_two_dashes);
    RUN(help_and_version_need_no_url);
    RUN(ranges_have_their_place);
    RUN(unknown_options_are_named);
    RUN(missing_arguments_are_named);
    RUN(verification_cannot_be_switched_off);
    RUN(seconds_may_have_a_fraction);
    RUN(what_is_no_number_is_refused);
    RUN(tls_versions_must_leave_one);
    RUN(headers_are_taken_apart);
    RUN(methods_are_tokens);
    RUN(one_kind_of_request_at_a_time);
    RUN(outputs_belong_to_urls_in_order);
    RUN(many_of_a_kind);
    RUN(name_servers);
    RUN(resolve_names_an_address);
    RUN(resolve_is_for_that_host_and_port);
    RUN(the_last_resolve_counts);
    RUN(malformed_resolve_is_named);
    RUN(https_is_the_scheme_when_there_is_none);
    RUN(a_folder_gets_the_name_of_the_file);
    RUN(the_method_follows_from_the_options);
    RUN(headers_that_are_sent_anyway_are_left_out);
    RUN(forms_say_what_they_are);
    RUN(no_agent_when_its_name_is_empty);
    RUN(a_longer_max_time_allows_longer_silences);
    RUN(every_error_has_its_exit_code);
    RUN(only_internal_errors_have_no_row);
    RUN(messages_cannot_drive_the_terminal);
    options_free(&options);
    request_free(&request);
    return check_done();
}
