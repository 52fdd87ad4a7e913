// URLs and IP literals: what is right is taken apart, what is not plainly right is refused with its reason.
#define _DEFAULT_SOURCE

#include "url.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "picket/options.h"

static char *guard; // behind it lies a page that nobody may read

// The text where one byte too far is a crash, its NUL the last byte.
static const char *guarded(const char *text)
{
    const size_t size = strlen(text) + 1;

    return memcpy(guard - size, text, size);
}

// --- What is accepted

struct good {
    const char *text;
    bool secure;
    const char *host;
    uint16_t port;
    bool port_given;
    const char *target;
    int family; // of a literal; 0: a name
};

static const struct good good[] = {
    {"http://example.com", false, "example.com", 80, false, "", 0},
    {"https://example.com", true, "example.com", 443, false, "", 0},
    {"https://example.com/", true, "example.com", 443, false, "/", 0},
    {"https://example.com/a/b?c=d&e", true, "example.com", 443, false, "/a/b?c=d&e", 0},
    {"HTTPS://Example.COM/A", true, "Example.COM", 443, false, "/A", 0},
    {"hTTp://e/", false, "e", 80, false, "/", 0},
    {"http://example.com?x", false, "example.com", 80, false, "?x", 0},
    {"http://example.com?x/y:z@w", false, "example.com", 80, false, "?x/y:z@w", 0},
    {"http://example.com#top", false, "example.com", 80, false, "", 0},
    {"http://example.com/a#top", false, "example.com", 80, false, "/a", 0},
    {"http://example.com/a?b#c?d#e", false, "example.com", 80, false, "/a?b", 0},
    {"http://example.com?#", false, "example.com", 80, false, "?", 0},
    {"http://example.com/a@b:c", false, "example.com", 80, false, "/a@b:c", 0},
    {"http://example.com//", false, "example.com", 80, false, "//", 0},
    {"http://example.com/a%20b%2F%fF", false, "example.com", 80, false, "/a%20b%2F%fF", 0},
    {"http://example.com/[a]{b}|c\"<>^`", false, "example.com", 80, false, "/[a]{b}|c\"<>^`", 0},
    {"http://example.com:8080/x", false, "example.com", 8080, true, "/x", 0},
    {"http://example.com:80/x", false, "example.com", 80, false, "/x", 0},
    {"https://example.com:443", true, "example.com", 443, false, "", 0},
    {"https://example.com:80", true, "example.com", 80, true, "", 0},
    {"http://example.com:00443?x", false, "example.com", 443, true, "?x", 0},
    {"http://example.com:1#x", false, "example.com", 1, true, "", 0},
    {"http://example.com:65535", false, "example.com", 65535, true, "", 0},
    {"http://localhost/", false, "localhost", 80, false, "/", 0},
    {"http://example.com./", false, "example.com", 80, false, "/", 0},
    {"http://example.com.:81/", false, "example.com", 81, true, "/", 0},
    {"http://a-b_c.9.x9/", false, "a-b_c.9.x9", 80, false, "/", 0},
    {"http://1.2.3.4.com/", false, "1.2.3.4.com", 80, false, "/", 0},
    {"http://0xg/", false, "0xg", 80, false, "/", 0},
    {"http://192.0.2.1/", false, "192.0.2.1", 80, false, "/", 4},
    {"http://0.0.0.0:1/", false, "0.0.0.0", 1, true, "/", 4},
    {"https://255.255.255.255", true, "255.255.255.255", 443, false, "", 4},
    {"http://[::1]/", false, "::1", 80, false, "/", 6},
    {"http://[::]", false, "::", 80, false, "", 6},
    {"https://[2001:DB8::1]:8443/x", true, "2001:DB8::1", 8443, true, "/x", 6},
    {"http://[::ffff:192.0.2.1]?x", false, "::ffff:192.0.2.1", 80, false, "?x", 6},
    {"http://[1:2:3:4:5:6:7:8]#x", false, "1:2:3:4:5:6:7:8", 80, false, "", 6},
};

static void check_part(const char *part, size_t len, const char *wanted)
{
    CHECK_INT(len, strlen(wanted));
    if (len == strlen(wanted))
        CHECK_MEM(part, wanted, len);
}

static void check_good(const struct good *g)
{
    const char *const text = guarded(g->text);
    const char *why = "untouched";
    url_t url;

    if (url_parse(text, &url, &why) != 0)
        FAIL("%s: %s", g->text, why);
    CHECK_STR(why, "untouched");
    CHECK_INT(url.secure, g->secure);
    CHECK_INT(url.port, g->port);
    CHECK_INT(url.port_given, g->port_given);
    CHECK_INT(url.is_literal, g->family != 0);
    CHECK_INT(url.address.family, g->family);
    check_part(url.host, url.host_len, g->host);
    check_part(url.target, url.target_len, g->target);
    CHECK(url.host > text && url.target <= text + strlen(text));
}

static void takes_urls_apart(void)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        check_good(&good[i]);
}

// --- What is refused

struct bad {
    const char *text;
    int error;
    const char *why;
};

#define NOT_URL PICKET_ERR_URL
#define IPV4    "IPv4 address that is not four decimal numbers"
#define IPV6    "malformed IPv6 address"
#define NAME    "malformed host name"
#define BYTE    "control character or byte that is not ASCII in the URL"
#define ESCAPE  "malformed %-escape"

static const struct bad bad[] = {
    {"", NOT_URL, "empty URL"},
    {"example.com", NOT_URL, "no http:// or https:// in front"},
    {"/index.html", NOT_URL, "no http:// or https:// in front"},
    {"//example.com/", NOT_URL, "no http:// or https:// in front"},
    {"://example.com/", NOT_URL, "no http:// or https:// in front"},
    {"1http://example.com/", NOT_URL, "no http:// or https:// in front"},
    {"[::1]:80", NOT_URL, "no http:// or https:// in front"},
    {"ftp://example.com/", PICKET_ERR_SCHEME, ""},
    {"httpss://example.com/", PICKET_ERR_SCHEME, ""},
    {"ws://example.com/", PICKET_ERR_SCHEME, ""},
    {"file:///etc/hosts", PICKET_ERR_SCHEME, ""},
    {"mailto:a@example.com", PICKET_ERR_SCHEME, ""},
    {"coap+tcp://example.com/", PICKET_ERR_SCHEME, ""},
    {"localhost:8080", PICKET_ERR_SCHEME, ""},
    {"http:", NOT_URL, "no // after the scheme"},
    {"http:/", NOT_URL, "no // after the scheme"},
    {"https:/example.com", NOT_URL, "no // after the scheme"},
    {"https:example.com", NOT_URL, "no // after the scheme"},

    {"http://", NOT_URL, "no host"},
    {"http:///", NOT_URL, "no host"},
    {"http://?x", NOT_URL, "no host"},
    {"http://#x", NOT_URL, "no host"},
    {"http://:80/", NOT_URL, "no host"},
    {"http:////example.com/", NOT_URL, "no host"},

    {"http://user@example.com/", NOT_URL, "credentials in the URL"},
    {"http://user:secret@example.com/", NOT_URL, "credentials in the URL"},
    {"http://@example.com/", NOT_URL, "credentials in the URL"},
    {"http://user@[::1]/", NOT_URL, "credentials in the URL"},
    {"http://example.com:80@evil.example/", NOT_URL, "credentials in the URL"},

    {" http://example.com/", NOT_URL, "blank in the URL"},
    {"http://example.com/ ", NOT_URL, "blank in the URL"},
    {"http://example.com/a b", NOT_URL, "blank in the URL"},
    {"http://exa mple.com/", NOT_URL, "blank in the URL"},
    {"http://example.com/\t", NOT_URL, "blank in the URL"},
    {"http://example.com/#a b", NOT_URL, "blank in the URL"},
    {"http://example.com/\r\nHost: evil", NOT_URL, BYTE},
    {"http://example.com/\n", NOT_URL, BYTE},
    {"http://example.com/\x01", NOT_URL, BYTE},
    {"http://example.com/\x7f", NOT_URL, BYTE},
    {"http://example.com/\x80", NOT_URL, BYTE},
    {"http://example.com/#\xc3\xa4", NOT_URL, BYTE},
    {"http://\xc3\xa4.example/", NOT_URL, BYTE},
    {"http://example.com\\@evil.example/", NOT_URL, "backslash in the URL"},
    {"http:\\\\example.com", NOT_URL, "backslash in the URL"},
    {"http://example.com/a\\b", NOT_URL, "backslash in the URL"},

    {"http://example..com/", NOT_URL, NAME},
    {"http://.example.com/", NOT_URL, NAME},
    {"http://example.com../", NOT_URL, NAME},
    {"http://./", NOT_URL, NAME},
    {"http://exam%70le.com/", NOT_URL, NAME},
    {"http://example.com%00/", NOT_URL, NAME},
    {"http://example.com;/", NOT_URL, NAME},
    {"http://ex*mple.com/", NOT_URL, NAME},
    {"http://example.com,a.b/", NOT_URL, NAME},
    {"http://a[::1]/", NOT_URL, "IPv6 address without brackets"},
    {"http://example.com]/", NOT_URL, NAME},
    {"http://1.2.3.4./", NOT_URL, NAME},

    {"http://1.2.3/", NOT_URL, IPV4},
    {"http://1.2.3.4.5/", NOT_URL, IPV4},
    {"http://16909060/", NOT_URL, IPV4},
    {"http://0/", NOT_URL, IPV4},
    {"http://127.1/", NOT_URL, IPV4},
    {"http://1.2.3.256/", NOT_URL, IPV4},
    {"http://1.2.3.04/", NOT_URL, IPV4},
    {"http://01.2.3.4/", NOT_URL, IPV4},
    {"http://1.2.3.00/", NOT_URL, IPV4},
    {"http://1.2..4/", NOT_URL, IPV4},
    {"http://.1.2.3.4/", NOT_URL, IPV4},
    {"http://1.2.3.1000/", NOT_URL, IPV4},
    {"http://0x7f000001/", NOT_URL, IPV4},
    {"http://0x7F.0.0.0x1/", NOT_URL, IPV4},
    {"http://1.2.3.0x4/", NOT_URL, IPV4},
    {"http://example.0x/", NOT_URL, IPV4},
    {"http://example.com.1/", NOT_URL, IPV4},
    {"http://example.123/", NOT_URL, IPV4},

    {"http://::1/", NOT_URL, "IPv6 address without brackets"},
    {"http://2001:db8::1:80/", NOT_URL, "IPv6 address without brackets"},
    {"http://[fe80::1%25eth0]/", NOT_URL, "zone in an IPv6 address"},
    {"http://[fe80::1%eth0]/", NOT_URL, "zone in an IPv6 address"},
    {"http://[", NOT_URL, IPV6},
    {"http://[]", NOT_URL, IPV6},
    {"http://[::1", NOT_URL, IPV6},
    {"http://[::1/", NOT_URL, IPV6},
    {"http://[::1]x/", NOT_URL, IPV6},
    {"http://[::1]]/", NOT_URL, IPV6},
    {"http://[[::1]]/", NOT_URL, IPV6},
    {"http://[192.0.2.1]/", NOT_URL, IPV6},
    {"http://[v1.x]/", NOT_URL, IPV6},
    {"http://[example.com]/", NOT_URL, IPV6},
    {"http://[1:2:3:4:5:6:7:8:9]/", NOT_URL, IPV6},

    {"http://example.com:/", NOT_URL, "empty port"},
    {"http://example.com:", NOT_URL, "empty port"},
    {"http://[::1]:/", NOT_URL, "empty port"},
    {"http://example.com:x/", NOT_URL, "port is not a number"},
    {"http://example.com:80x/", NOT_URL, "port is not a number"},
    {"http://example.com:-1/", NOT_URL, "port is not a number"},
    {"http://example.com:+80/", NOT_URL, "port is not a number"},
    {"http://example.com:0x50/", NOT_URL, "port is not a number"},
    {"http://example.com:0/", NOT_URL, "port out of range"},
    {"http://example.com:65536/", NOT_URL, "port out of range"},
    {"http://example.com:4294967376/", NOT_URL, "port out of range"},
    {"http://example.com:99999999999999999999/", NOT_URL, "port out of range"},

    {"http://example.com/%", NOT_URL, ESCAPE},
    {"http://example.com/%4", NOT_URL, ESCAPE},
    {"http://example.com/%4g", NOT_URL, ESCAPE},
    {"http://example.com/%g4", NOT_URL, ESCAPE},
    {"http://example.com/%%41", NOT_URL, ESCAPE},
    {"http://example.com/a?%", NOT_URL, ESCAPE},
    {"http://example.com/%4#1", NOT_URL, ESCAPE},
    {"http://example.com/#%zz", NOT_URL, ESCAPE},
};

static void refuses_with_the_reason(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *why = NULL;
        url_t url;
        const int error = url_parse(guarded(bad[i].text), &url, &why);

        if (error != bad[i].error || why == NULL || strcmp(why, bad[i].why) != 0)
            FAIL("%s: got %d, %s", bad[i].text, error, why != NULL ? why : "NULL");
    }
}

static void every_control_character_is_refused_everywhere(void)
{
    static const char *const places[] = {"%chttp://a/", "ht%ctp://a/", "http://a%cb/", "http://a:8%c0/",
                                         "http://a/%c"};
    char text[32];
    url_t url;

    for (int c = 1; c < 256; c++)
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
            if (c <= ' ' || c > 0x7e || c == '\\') {
                snprintf(text, sizeof text, places[i], c);
                CHECK_INT(url_parse(guarded(text), &url, NULL), PICKET_ERR_URL);
            }
}

static void no_text_and_no_reason_are_fine(void)
{
    const char *why = NULL;
    url_t url;

    CHECK_INT(url_parse(NULL, &url, &why), PICKET_ERR_URL);
    CHECK_STR(why, "no URL");
    CHECK_INT(url_parse(NULL, &url, NULL), PICKET_ERR_URL);
    CHECK_INT(url_parse("x", &url, NULL), PICKET_ERR_URL);
    CHECK_INT(url_parse("http://a", &url, NULL), 0);
}

// --- Limits

static void url_of_the_longest_length(void)
{
    static char text[PICKET_URL_MAX + 2];
    const char *why = NULL;
    url_t url;

    memset(text, 'a', sizeof text - 1);
    memcpy(text, "http://a/", 9);
    CHECK_INT(url_parse(text, &url, &why), PICKET_ERR_URL);
    CHECK_STR(why, "URL too long");
    text[PICKET_URL_MAX] = '\0';
    CHECK_INT(url_parse(text, &url, &why), 0);
    CHECK_INT(url.target_len, PICKET_URL_MAX - 8);
}

// A name of labels of 63 characters, cut to len.
static const char *long_name(size_t len)
{
    static char name[400];

    for (size_t i = 0; i < len; i++)
        name[i] = i % 64 == 63 ? '.' : 'a';
    name[len] = '\0';
    return name;
}

static void host_name_of_the_longest_length(void)
{
    char text[512];
    url_t url;

    CHECK(url_is_host_name(long_name(253), 253));
    CHECK(!url_is_host_name(long_name(254), 254));
    snprintf(text, sizeof text, "http://%s./", long_name(253));
    CHECK_INT(url_parse(text, &url, NULL), 0);
    CHECK_INT(url.host_len, 253);
    snprintf(text, sizeof text, "http://%s/", long_name(254));
    CHECK_INT(url_parse(text, &url, NULL), PICKET_ERR_URL);
}

static void host_names(void)
{
    static const char *const right[] = {"a",  "a.b", "A-Z.0-9", "_dmarc.example", "xn--bcher-kva.example",
                                        "1a", "0xg", "1.a"};
    static const char *const wrong[] = {"",      ".",          "a.",      ".a",   "a..b", "a b",
                                        "a/b",   "a:b",        "1.2.3.4", "1",    "0x10", "a.0x1",
                                        "a.0X1", "ex\xc3mple", "a\n",     "[::1]"};
    char label[65];

    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        CHECK(url_is_host_name(right[i], strlen(right[i])));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(!url_is_host_name(wrong[i], strlen(wrong[i])));
    memset(label, 'a', sizeof label);
    CHECK(url_is_host_name(label, 63));
    CHECK(!url_is_host_name(label, 64));
    CHECK(!url_is_host_name("a\0b", 3));
}

// --- IP literals

static bool parse_guarded(const char *text, picket_address_t *address)
{
    const size_t len = strlen(text);

    return url_parse_address(memcpy(guard - len, text, len), len, address);
}

// What both take must be the same; inet_pton takes nothing that is refused here and the other way round.
static void check_like_inet_pton(const char *text)
{
    const bool is_ipv6 = strchr(text, ':') != NULL;
    uint8_t bytes[16] = {0};
    picket_address_t address = {0};
    const bool wanted = inet_pton(is_ipv6 ? AF_INET6 : AF_INET, text, bytes) == 1;

    if (parse_guarded(text, &address) != wanted)
        FAIL("%s: wanted %d", text, wanted);
    if (!wanted) {
        CHECK_INT(address.family, 0);
        return;
    }
    CHECK_INT(address.family, is_ipv6 ? 6 : 4);
    CHECK_INT(address.zone, 0);
    CHECK_MEM(address.bytes, bytes, 16);
}

static void literals_as_inet_pton_reads_them(void)
{
    static const char *const texts[] = {"::",
                                        "::1",
                                        "1::",
                                        "1::2",
                                        "1:2:3:4:5:6:7:8",
                                        "1:2:3:4:5:6:7:8:9",
                                        "1:2:3:4:5:6:7",
                                        "1:2:3:4:5:6:7:",
                                        ":1:2:3:4:5:6:7",
                                        ":",
                                        ":::",
                                        "1:::2",
                                        "::1::",
                                        "1::2::3",
                                        "1:2:3:4::5:6:7:8",
                                        "::2:3:4:5:6:7:8",
                                        "1:2:3:4:5:6:7::",
                                        "1:2:3:4:5:6:7:8::",
                                        "1:2:3:4:5:6:7:8:::",
                                        "12345::",
                                        "abcd:EF01::",
                                        "g::",
                                        "::1.2.3.4",
                                        "::ffff:255.255.255.255",
                                        "1:2:3:4:5:6:1.2.3.4",
                                        "1:2:3:4:5:6:7:1.2.3.4",
                                        "1:2:3:4:5:1.2.3.4",
                                        "1:2:3:4:5::1.2.3.4",
                                        "1.2.3.4::",
                                        "::1.2.3.4:5",
                                        "::1.2.3",
                                        "::1.2.3.4.5",
                                        "::1.2.3.256",
                                        "::1.2.3.04",
                                        "::.1.2.3",
                                        "::1..2.3",
                                        "fe80::1%1",
                                        "::1 ",
                                        " ::1",
                                        "::1/64",
                                        "1:",
                                        "1",
                                        "0::0",
                                        "0000:0000:0000:0000:0000:0000:0000:0000",
                                        "00000::",
                                        "1.2.3.4",
                                        "0.0.0.0",
                                        "255.255.255.255",
                                        "256.1.1.1",
                                        "1.2.3",
                                        "1.2.3.4.",
                                        "1.2.3.4.5",
                                        "1..2.3",
                                        ".1.2.3",
                                        "1.2.3.",
                                        "a.b.c.d",
                                        "1.2.3.4x",
                                        "-1.2.3.4",
                                        "+1.2.3.4",
                                        "1.2.3.1000",
                                        "0x1.2.3.4",
                                        ""};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_like_inet_pton(texts[i]);
}

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

static void random_text_as_inet_pton_reads_it(void)
{
    static const char letters[] = "::::..0125aF";
    char text[24];

    for (int i = 0; i < 200000; i++) {
        const size_t len = random_below(sizeof text);
        for (size_t k = 0; k < len; k++)
            text[k] = letters[random_below(sizeof letters - 1)];
        text[len] = '\0';
        // A zero in front of a decimal number is refused here, whatever the C library thinks of it.
        if (strchr(text, '.') == NULL)
            check_like_inet_pton(text);
    }
}

static void leading_zeros_in_ipv4_are_refused(void)
{
    picket_address_t address;

    CHECK(!parse_guarded("01.2.3.4", &address));
    CHECK(!parse_guarded("1.2.3.00", &address));
    CHECK(!parse_guarded("::ffff:1.2.3.04", &address));
}

// --- Addresses as text

static void check_text(const char *text, const char *wanted)
{
    picket_address_t address;
    char buf[PICKET_ADDRESS_TEXT + 1];

    memset(buf, '#', sizeof buf);
    REQUIRE(parse_guarded(text, &address));
    picket_address_format(&address, buf);
    CHECK_STR(buf, wanted);
    CHECK(buf[PICKET_ADDRESS_TEXT] == '#');
}

static void addresses_as_text(void)
{
    check_text("192.0.2.1", "192.0.2.1");
    check_text("0.10.100.255", "0.10.100.255");
    check_text("::", "::");
    check_text("::1", "::1");
    check_text("1::", "1::");
    check_text("2001:DB8:0:0:0:0:0:1", "2001:db8::1");
    check_text("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
    check_text("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");
    check_text("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
    check_text("1:0:0:4:5:6:0:0", "1::4:5:6:0:0");
    check_text("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::");
    check_text("ffff:0fff:00ff:000f:ffff:ffff:ffff:ffff", "ffff:fff:ff:f:ffff:ffff:ffff:ffff");
    check_text("::ffff:192.0.2.1", "::ffff:192.0.2.1");
    check_text("::ffff:0:0", "::ffff:0.0.0.0");
    check_text("64:ff9b::192.0.2.1", "64:ff9b::c000:201");
}

static void no_address_is_no_text(void)
{
    const picket_address_t none = {0};
    char buf[PICKET_ADDRESS_TEXT] = "x";

    picket_address_format(&none, buf);
    CHECK_STR(buf, "");
}

static void text_is_read_back_as_the_same_address(void)
{
    picket_address_t address = {.family = 6};
    picket_address_t again;
    char buf[PICKET_ADDRESS_TEXT];

    for (int i = 0; i < 50000; i++) {
        for (size_t k = 0; k < 16; k += 2) {
            address.bytes[k] = (uint8_t)(random_below(3) == 0 ? random_below(256) : 0);
            address.bytes[k + 1] = (uint8_t)(random_below(2) == 0 ? random_below(256) : 0);
        }
        picket_address_format(&address, buf);
        REQUIRE(parse_guarded(buf, &again));
        REQUIRE_MEM(&again, &address, sizeof again);
    }
}

static char *map_guard(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *const pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE) != 0)
        abort();
    return pages + page;
}

int main(void)
{
    guard = map_guard();
    RUN(takes_urls_apart);
    RUN(refuses_with_the_reason);
    RUN(every_control_character_is_refused_everywhere);
    RUN(no_text_and_no_reason_are_fine);
    RUN(url_of_the_longest_length);
    RUN(host_name_of_the_longest_length);
    RUN(host_names);
    RUN(literals_as_inet_pton_reads_them);
    RUN(random_text_as_inet_pton_reads_it);
    RUN(leading_zeros_in_ipv4_are_refused);
    RUN(addresses_as_text);
    RUN(no_address_is_no_text);
    RUN(text_is_read_back_as_the_same_address);
    return check_done();
}
