// url.c: URLs (RFC 3986) and IP literals. What is not plainly right is refused: two programs that read a
// URL differently talk to different servers.
#include "url.h"

#include <string.h>

#include "http1_text.h"
#include "picket/error.h"
#include "picket/options.h"

// --- Host names

static bool is_label(const char *text, size_t len)
{
    if (len < 1 || len > 63)
        return false;
    for (size_t i = 0; i < len; i++) {
        const char c = http1_lower(text[i]);
        if (!(c >= 'a' && c <= 'z') && !http1_is_digit(c) && c != '-' && c != '_')
            return false;
    }
    return true;
}

// Bytes up to the first c, or all len.
static size_t length_to(const char *text, size_t len, char c)
{
    const char *const found = len > 0 ? memchr(text, c, len) : NULL;

    return found != NULL ? (size_t)(found - text) : len;
}

static bool is_number(const char *label, size_t len)
{
    const bool hex = len >= 2 && label[0] == '0' && http1_lower(label[1]) == 'x';

    for (size_t i = hex ? 2 : 0; i < len; i++)
        if (hex ? http1_hex(label[i]) < 0 : !http1_is_digit(label[i]))
            return false;
    return len > 0;
}

// No top-level domain is a number, so this was meant as an IPv4 address, in one of the forms of inet_aton
// perhaps.
static bool ends_in_number(const char *text, size_t len)
{
    size_t start = len;

    while (start > 0 && text[start - 1] != '.')
        start--;
    return is_number(text + start, len - start);
}

bool url_is_host_name(const char *text, size_t len)
{
    if (len < 1 || len > PICKET_HOST_MAX || ends_in_number(text, len))
        return false;
    for (size_t at = 0; at <= len;) {
        const size_t label = length_to(text + at, len - at, '.');
        if (!is_label(text + at, label))
            return false;
        at += label + 1;
    }
    return true;
}

// --- IP literals

// A decimal number of up to three digits, without zeros in front: those mean octal to some.
static bool parse_byte(const char *text, size_t len, uint8_t *byte)
{
    unsigned n = 0;

    if (len < 1 || len > 3 || (len > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!http1_is_digit(text[i]))
            return false;
        n = n * 10 + (unsigned)(text[i] - '0');
    }
    *byte = (uint8_t)n;
    return n <= 255;
}

static bool parse_ipv4(const char *text, size_t len, uint8_t *bytes)
{
    size_t at = 0;

    for (unsigned i = 0; i < 4; i++) {
        const size_t part = length_to(text + at, len - at, '.');
        if (!parse_byte(text + at, part, &bytes[i]))
            return false;
        at += part;
        if (i < 3 && at++ == len)
            return false;
    }
    return at == len;
}

// An IPv6 literal as it is read.
struct ipv6 {
    uint8_t bytes[16];
    unsigned n;   // bytes so far
    unsigned gap; // where "::" stands in them
};

#define NO_GAP 17u

static bool take_group(struct ipv6 *ip, const char *text, size_t len)
{
    unsigned group = 0;

    if (ip->n == 16 || len < 1 || len > 4)
        return false;
    for (size_t i = 0; i < len; i++) {
        const int digit = http1_hex(text[i]);
        if (digit < 0)
            return false;
        group = group << 4 | (unsigned)digit;
    }
    ip->bytes[ip->n++] = (uint8_t)(group >> 8);
    ip->bytes[ip->n++] = (uint8_t)(group & 0xff);
    return true;
}

// The last 32 bits may be written as an IPv4 address.
static bool take_ipv4(struct ipv6 *ip, const char *text, size_t len)
{
    if (ip->n > 12 || !parse_ipv4(text, len, ip->bytes + ip->n))
        return false;
    ip->n += 4;
    return true;
}

static bool take_gap(struct ipv6 *ip)
{
    if (ip->gap != NO_GAP)
        return false;
    ip->gap = ip->n;
    return true;
}

// What stands between two groups: ':', or "::" once. Moves *at behind it; at the end of the text only "::"
// is right.
static bool take_colons(struct ipv6 *ip, const char *text, size_t len, size_t *at)
{
    if (*at == len)
        return true;
    if (++*at == len)
        return false;
    if (text[*at] != ':')
        return true;
    ++*at;
    return take_gap(ip);
}

static bool take_groups(struct ipv6 *ip, const char *text, size_t len)
{
    size_t at = 0;

    if (len >= 2 && text[0] == ':' && text[1] == ':') {
        take_gap(ip);
        at = 2;
    }
    while (at < len) {
        const size_t group = length_to(text + at, len - at, ':');
        if (length_to(text + at, group, '.') < group)
            return at + group == len && take_ipv4(ip, text + at, group);
        if (!take_group(ip, text + at, group))
            return false;
        at += group;
        if (!take_colons(ip, text, len, &at))
            return false;
    }
    return true;
}

// "::" stands for one group of zeros at least.
static bool parse_ipv6(const char *text, size_t len, uint8_t bytes[16])
{
    struct ipv6 ip = {{0}, 0, NO_GAP};

    if (!take_groups(&ip, text, len) || (ip.gap == NO_GAP ? ip.n != 16 : ip.n > 14))
        return false;
    memset(bytes, 0, 16);
    if (ip.gap == NO_GAP) {
        memcpy(bytes, ip.bytes, 16);
        return true;
    }
    memcpy(bytes, ip.bytes, ip.gap);
    memcpy(bytes + 16 - (ip.n - ip.gap), ip.bytes + ip.gap, ip.n - ip.gap);
    return true;
}

bool url_parse_address(const char *text, size_t len, picket_address_t *address)
{
    picket_address_t parsed = {0};
    const bool is_ipv6 = length_to(text, len, ':') < len;

    if (is_ipv6 ? !parse_ipv6(text, len, parsed.bytes) : !parse_ipv4(text, len, parsed.bytes))
        return false;
    parsed.family = is_ipv6 ? 6 : 4;
    *address = parsed;
    return true;
}

// --- Addresses as text

static char *put_decimal(char *out, uint8_t n)
{
    if (n >= 100)
        *out++ = (char)('0' + n / 100);
    if (n >= 10)
        *out++ = (char)('0' + n / 10 % 10);
    *out++ = (char)('0' + n % 10);
    return out;
}

static char *put_ipv4(char *out, const uint8_t *bytes)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            *out++ = '.';
        out = put_decimal(out, bytes[i]);
    }
    return out;
}

static unsigned group_at(const uint8_t *bytes, unsigned i)
{
    return (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
}

static char *put_group(char *out, unsigned group)
{
    static const char digits[] = "0123456789abcdef";
    unsigned shift = 12;

    while (shift > 0 && group >> shift == 0)
        shift -= 4;
    for (;; shift -= 4) {
        *out++ = digits[group >> shift & 15];
        if (shift == 0)
            return out;
    }
}

// Zero groups from i on.
static unsigned zeros_at(const uint8_t *bytes, unsigned i)
{
    unsigned n = 0;

    while (i + n < 8 && group_at(bytes, i + n) == 0)
        n++;
    return n;
}

// The first longest run of two zero groups or more (RFC 5952 section 4.2); none: 8.
static unsigned find_gap(const uint8_t *bytes)
{
    unsigned gap = 8;
    unsigned longest = 1;

    for (unsigned i = 0; i < 8; i++) {
        const unsigned n = zeros_at(bytes, i);
        if (n > longest) {
            gap = i;
            longest = n;
        }
    }
    return gap;
}

static char *put_ipv6(char *out, const uint8_t *bytes)
{
    const unsigned gap = find_gap(bytes);

    for (unsigned i = 0; i < 8;) {
        if (i == gap) {
            *out++ = ':';
            i += zeros_at(bytes, i);
            if (i == 8)
                *out++ = ':';
            continue;
        }
        if (i > 0)
            *out++ = ':';
        out = put_group(out, group_at(bytes, i++));
    }
    return out;
}

static bool is_mapped_ipv4(const uint8_t *bytes)
{
    return zeros_at(bytes, 0) == 5 && group_at(bytes, 5) == 0xffff;
}

int picket_address_parse(const char *text, picket_address_t *address)
{
    if (text == NULL || address == NULL || !url_parse_address(text, strlen(text), address))
        return PICKET_ERR_ARG;
    return 0;
}

void picket_address_format(const picket_address_t *address, char *buf)
{
    char *end = buf;

    if (address->family == 4)
        end = put_ipv4(buf, address->bytes);
    else if (address->family == 6 && is_mapped_ipv4(address->bytes)) {
        memcpy(buf, "::ffff:", 7);
        end = put_ipv4(buf + 7, address->bytes + 12);
    } else if (address->family == 6)
        end = put_ipv6(buf, address->bytes);
    *end = '\0';
}

// --- URLs. Each part: NULL when it is right, otherwise what is wrong.

static const char *check_bytes(const char *text, size_t *len)
{
    for (*len = 0; text[*len] != '\0'; ++*len) {
        const unsigned char c = (unsigned char)text[*len];
        if (*len == PICKET_URL_MAX)
            return "URL too long";
        if (c == ' ' || c == '\t')
            return "blank in the URL";
        if (c < ' ' || c > 0x7e)
            return "control character or byte that is not ASCII in the URL";
        if (c == '\\')
            return "backslash in the URL";
    }
    return *len == 0 ? "empty URL" : NULL;
}

static const char *check_escapes(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] == '%' && (len - i < 3 || http1_hex(text[i + 1]) < 0 || http1_hex(text[i + 2]) < 0))
            return "malformed %-escape";
    return NULL;
}

static const char *parse_port(const char *text, size_t len, url_t *url)
{
    unsigned port = 0;

    if (len == 0)
        return "empty port";
    for (size_t i = 0; i < len; i++) {
        if (!http1_is_digit(text[i]))
            return "port is not a number";
        port = port * 10 + (unsigned)(text[i] - '0');
        if (port > 65535)
            return "port out of range";
    }
    if (port == 0)
        return "port out of range";
    url->port_given = port != url->port;
    url->port = (uint16_t)port;
    return NULL;
}

static const char *parse_name(url_t *url)
{
    if (url->host_len == 0)
        return "no host";
    if (ends_in_number(url->host, url->host_len)) {
        url->is_literal = url_parse_address(url->host, url->host_len, &url->address);
        return url->is_literal ? NULL : "IPv4 address that is not four decimal numbers";
    }
    if (url->host[url->host_len - 1] == '.')
        url->host_len--;
    // "1.2.3.4." would be an IPv4 address to some and a name to others.
    return url_is_host_name(url->host, url->host_len) ? NULL : "malformed host name";
}

static const char *parse_bracketed(url_t *url)
{
    if (length_to(url->host, url->host_len, '%') < url->host_len)
        return "zone in an IPv6 address";
    url->is_literal = parse_ipv6(url->host, url->host_len, url->address.bytes);
    url->address.family = 6;
    return url->is_literal ? NULL : "malformed IPv6 address";
}

// Sets host, with its brackets left out, and returns the length that it has with them; 0 when a bracket is
// missing.
static size_t find_host(const char *text, size_t len, url_t *url)
{
    if (len == 0 || text[0] != '[') {
        url->host = text;
        url->host_len = length_to(text, len, ':');
        return url->host_len;
    }
    url->host = text + 1;
    url->host_len = length_to(text + 1, len - 1, ']');
    return url->host_len == len - 1 ? 0 : url->host_len + 2;
}

static const char *parse_host(const char *text, size_t len, url_t *url)
{
    const bool bracketed = len > 0 && text[0] == '[';
    size_t host;
    const char *why;

    host = find_host(text, len, url);
    if (bracketed && (host == 0 || (host < len && text[host] != ':')))
        return "malformed IPv6 address";
    if (!bracketed && host < len && length_to(text + host + 1, len - host - 1, ':') < len - host - 1)
        return "IPv6 address without brackets";
    why = bracketed ? parse_bracketed(url) : parse_name(url);
    return why == NULL && host < len ? parse_port(text + host + 1, len - host - 1, url) : why;
}

static const char *parse_authority(const char *text, size_t len, bool login, url_t *url)
{
    const size_t at = length_to(text, len, '@');

    if (at == len)
        return parse_host(text, len, url);
    if (!login || length_to(text + at + 1, len - at - 1, '@') < len - at - 1)
        return "credentials in the URL";
    url->login = text;
    url->login_len = at;
    if (check_escapes(text, at) != NULL)
        return "malformed %-escape";
    return parse_host(text + at + 1, len - at - 1, url);
}

static const char *parse_rest(const char *text, size_t len, url_t *url)
{
    url->target = text;
    url->target_len = length_to(text, len, '#');
    return check_escapes(text, len);
}

// --- Schemes

static bool begins_with(const char *text, const char *prefix)
{
    while (*prefix != '\0' && http1_lower(*text) == *prefix)
        text++, prefix++;
    return *prefix == '\0';
}

// Something that may be a scheme stands before a colon.
static bool has_scheme(const char *text)
{
    const char *at = text;

    while (http1_is_digit(*at) || (http1_lower(*at) >= 'a' && http1_lower(*at) <= 'z') || *at == '+' ||
           *at == '-' || *at == '.')
        at++;
    return at > text && !http1_is_digit(*text) && *at == ':';
}

// Returns the length of the scheme with what separates it from the host, or an error.
static int parse_scheme(const char *text, url_t *url, const char **why)
{
    url->secure = begins_with(text, "https:");
    if (!url->secure && !begins_with(text, "http:")) {
        *why = has_scheme(text) ? "" : "no http:// or https:// in front";
        return has_scheme(text) ? PICKET_ERR_SCHEME : PICKET_ERR_URL;
    }
    text += url->secure ? 6 : 5;
    if (text[0] != '/' || text[1] != '/') {
        *why = "no // after the scheme";
        return PICKET_ERR_URL;
    }
    url->port = url->secure ? 443 : 80;
    return url->secure ? 8 : 7;
}

static const char *parse_parts(const char *text, size_t len, bool login, url_t *url)
{
    const size_t authority = strcspn(text, "/?#");
    const char *const why = parse_authority(text, authority, login, url);

    return why != NULL ? why : parse_rest(text + authority, len - authority, url);
}

static int parse(const char *text, bool login, url_t *url, const char **why)
{
    size_t len;
    int scheme;

    *why = check_bytes(text, &len);
    if (*why != NULL)
        return PICKET_ERR_URL;
    scheme = parse_scheme(text, url, why);
    if (scheme < 0)
        return scheme;
    *why = parse_parts(text + scheme, len - (size_t)scheme, login, url);
    return *why == NULL ? 0 : PICKET_ERR_URL;
}

static int parse_any(const char *text, bool login, url_t *url, const char **why)
{
    const char *wrong = "no URL";
    int error = PICKET_ERR_URL;

    memset(url, 0, sizeof *url);
    if (text != NULL)
        error = parse(text, login, url, &wrong);
    if (error != 0 && why != NULL)
        *why = wrong;
    return error;
}

int url_parse(const char *text, url_t *url, const char **why)
{
    return parse_any(text, false, url, why);
}

int url_parse_login(const char *text, url_t *url, const char **why)
{
    return parse_any(text, true, url, why);
}
