// options.c: see options.h. One table makes both the parser and the help.
#include "options.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../src/url.h"
#include "memory.h"
#include "range.h"
#include "write_out.h"

// As curl has it.
enum { MAX_REDIRECTS = 50 };

// What is still to be read.
struct cursor {
    struct options *options;
    char *const *words; // ends with NULL
    enum options_result result;
};

__attribute__((format(printf, 2, 3))) static bool wrong(struct options *options, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(options->error, sizeof options->error, format, args);
    va_end(args);
    return false;
}

#define APPEND(list, count, item)                                   \
    do {                                                            \
        (list) = memory_one_more((list), (count), sizeof(list)[0]); \
        (list)[(count)++] = (item);                                 \
    } while (0)

static bool add_url(struct options *options, const char *text)
{
    APPEND(options->urls, options->url_count, text);
    return true;
}

static bool add_output(struct options *options, const char *text)
{
    APPEND(options->outputs, options->output_count, text);
    return true;
}

static bool add_remote_name(struct options *options, const char *text)
{
    (void)text;
    return add_output(options, NULL);
}

static bool add_upload(struct options *options, const char *text)
{
    APPEND(options->uploads, options->upload_count, text);
    return true;
}

static bool add_data(struct options *options, enum data_kind kind, const char *text)
{
    APPEND(options->data, options->data_count, ((struct data_part){kind, text}));
    return true;
}

static bool add_text_data(struct options *options, const char *text)
{
    return add_data(options, DATA_TEXT, text);
}

static bool add_binary_data(struct options *options, const char *text)
{
    return add_data(options, DATA_BINARY, text);
}

static bool add_raw_data(struct options *options, const char *text)
{
    return add_data(options, DATA_RAW, text);
}

// "Name: value" sets, "Name:" leaves out, "Name;" sends an empty value.
static bool add_header(struct options *options, const char *text)
{
    const size_t name_len = strcspn(text, ":;");
    const char *value = text + name_len;
    picket_header_t header = {NULL, NULL};

    if (name_len == 0 || *value == '\0' || (*value == ';' && value[1] != '\0'))
        return wrong(options, "-H %s: not a header; write \"Name: value\", \"Name:\" or \"Name;\"", text);
    value++;
    value += strspn(value, " \t");
    if (*value != '\0' || text[name_len] == ';')
        header.value = value;
    header.name = memory_copy(text, name_len);
    APPEND(options->headers, options->header_count, header);
    return true;
}

static bool add_resolve(struct options *options, const char *text)
{
    struct resolve entry;

    if (!resolve_parse(text, &entry))
        return wrong(options, "--resolve %s: not HOST:PORT:ADDRESS", text);
    APPEND(options->resolve, options->resolve_count, entry);
    return true;
}

// Seconds, a fraction of them allowed. What is above 0 and below a millisecond is a millisecond.
static bool parse_seconds(const char *text, uint32_t *ms)
{
    const char *c = text;
    uint64_t value = 0;
    uint32_t unit = 1000;
    bool rest = false;

    for (; *c >= '0' && *c <= '9' && value <= INT32_MAX; c++)
        value = value * 10 + (uint64_t)(*c - '0') * 1000;
    bool digits = c != text;
    if (*c == '.')
        for (c++; *c >= '0' && *c <= '9'; c++, digits = true) {
            unit /= 10;
            value += (uint64_t)(*c - '0') * unit;
            rest = rest || (unit == 0 && *c != '0');
        }
    value += value == 0 && rest ? 1 : 0;
    *ms = (uint32_t)value;
    return digits && *c == '\0' && value <= INT32_MAX;
}

static bool set_max_time(struct options *options, const char *text)
{
    return parse_seconds(text, &options->max_time_ms) ||
           wrong(options, "--max-time %s: not a number of seconds", text);
}

static bool set_connect_timeout(struct options *options, const char *text)
{
    return parse_seconds(text, &options->connect_timeout_ms) ||
           wrong(options, "--connect-timeout %s: not a number of seconds", text);
}

// The name goes to the first colon.
static bool split_login(struct login *login, const char *text)
{
    const char *const colon = strchr(text, ':');

    if (colon == NULL)
        return false;
    free(login->user);
    login->user = memory_copy(text, (size_t)(colon - text));
    login->password = colon + 1;
    return true;
}

static bool set_user(struct options *options, const char *text)
{
    return split_login(&options->login, text) || wrong(options, "-u: not USER:PASSWORD");
}

// As curl has it: the scheme may be left out, and the port, which is not that of http then. "": no proxy.
static bool set_proxy(struct options *options, const char *text)
{
    const bool has_scheme = strstr(text, "://") != NULL;
    const char *const host = has_scheme ? strstr(text, "://") + 3 : text;
    const char *const port = strrchr(host, ':');
    const bool has_port = port != NULL && strchr(port, ']') == NULL;
    const size_t bare = strcspn(host, "/");
    char *url;

    free(options->proxy_url);
    options->proxy_url = NULL;
    if (text[0] == '\0')
        return true;
    url = memory_resize(NULL, strlen(text) + sizeof "http://:1080");
    sprintf(url, "%s%.*s%s%s", has_scheme ? "" : "http://", (int)((size_t)(host - text) + bare), text,
            has_port ? "" : ":1080", host + bare);
    options->proxy_url = url;
    return true;
}

static bool set_proxy_user(struct options *options, const char *text)
{
    return split_login(&options->proxy_login, text) || wrong(options, "-U: not USER:PASSWORD");
}

static bool set_max_redirects(struct options *options, const char *text)
{
    unsigned n = 0;
    const char *c = text;

    for (; *c >= '0' && *c <= '9' && n <= UINT16_MAX; c++)
        n = n * 10 + (unsigned)(*c - '0');
    options->max_redirects = (uint16_t)n;
    return (c != text && *c == '\0' && n <= UINT16_MAX) ||
           wrong(options, "--max-redirs %s: not a number from 0 to 65535", text);
}

// RFC 9110 5.6.2: a token.
static bool set_method(struct options *options, const char *text)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                                "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    options->method = text;
    if (*text == '\0' || text[strspn(text, token)] != '\0')
        return wrong(options, "-X %s: not a method", text);
    return true;
}

static bool set_range(struct options *options, const char *text)
{
    options->range = text;
    return range_is_valid(text) || wrong(options, "-r %s: not a range of bytes", text);
}

static bool set_continue(struct options *options, const char *text)
{
    options->continues = true;
    options->continues_at_end = strcmp(text, "-") == 0;
    return options->continues_at_end || range_parse_offset(text, &options->continue_at) ||
           wrong(options, "-C %s: not a number of bytes, nor -", text);
}

static bool set_tls_1_2(struct options *options, const char *text)
{
    (void)text;
    options->tls_min = PICKET_TLS_1_2;
    return true;
}

static bool set_tls_1_3(struct options *options, const char *text)
{
    (void)text;
    options->tls_min = PICKET_TLS_1_3;
    return true;
}

static bool set_tls_max(struct options *options, const char *text)
{
    if (strcmp(text, "1.2") == 0)
        options->tls_max = PICKET_TLS_1_2;
    else if (strcmp(text, "1.3") == 0 || strcmp(text, "default") == 0)
        options->tls_max = PICKET_TLS_1_3;
    else
        return wrong(options, "--tls-max %s: not 1.2 or 1.3", text);
    return true;
}

static bool set_write_out(struct options *options, const char *text)
{
    const char *const unknown = write_out_unknown(text);

    options->write_out = text;
    if (text[0] == '@')
        return wrong(options, "-w %s: the format cannot be in a file", text);
    return unknown == NULL || wrong(options, "-w: not known: %.*s", (int)strcspn(unknown, "}") + 1, unknown);
}

static bool set_dns_servers(struct options *options, const char *text)
{
    picket_address_t address;
    const char *next = text;

    for (size_t i = 0; next != NULL; i++) {
        const size_t len = strcspn(next, ",");
        if (i == 2 || !url_parse_address(next, len, &address))
            return wrong(options, "--dns-servers %s: not ADDRESS or ADDRESS,ADDRESS", text);
        free((char *)options->dns_servers[i]);
        options->dns_servers[i] = memory_copy(next, len);
        next = next[len] == ',' ? next + len + 1 : NULL;
    }
    return true;
}

static bool refuse_insecure(struct options *options, const char *text)
{
    (void)text;
    return wrong(options, "-k, --insecure: Picket has no such option; to trust a server with a certificate "
                          "of its own, name that certificate, or its CA, with --cacert FILE");
}

static bool accept(struct options *options, const char *text)
{
    (void)options;
    (void)text;
    return true;
}

// What an option does: set a bool, set a text, call a function, or end the parsing with a result.
enum action { FLAG, TEXT, CALL, END };

static const struct option {
    char letter; // or 0
    const char *name;
    const char *argument; // its name in the help; NULL: takes none
    const char *help;     // NULL: not shown
    enum action action;
    size_t field;
    bool (*call)(struct options *options, const char *text);
    enum options_result result;
} known[] = {
#define SETS(member)    .action = FLAG, .field = offsetof(struct options, member)
#define TAKES(member)   .action = TEXT, .field = offsetof(struct options, member)
#define CALLS(function) .action = CALL, .call = (function)
    {'H', "header", "LINE", "send this header; \"Name:\" leaves it out, \"Name;\" sends it empty",
     CALLS(add_header)},
    {'X', "request", "METHOD", "the method, if not the one that follows from the other options",
     CALLS(set_method)},
    {'A', "user-agent", "NAME", "the User-Agent header", TAKES(user_agent)},
    {'d', "data", "DATA", "POST this; @FILE: a file without its line ends; several are joined with &",
     CALLS(add_text_data)},
    {0, "data-binary", "DATA", "POST this; @FILE: a file as it is, @-: standard input",
     CALLS(add_binary_data)},
    {0, "data-raw", "DATA", "POST this, also if it begins with @", CALLS(add_raw_data)},
    {'T', "upload-file", "FILE", "PUT this file; -: standard input, sent in chunks", CALLS(add_upload)},
    {'I', "head", NULL, "ask for the head only, and show it", SETS(head)},
    {'i', "include", NULL, "show the head before the body", SETS(include)},
    {0, "show-headers", NULL, NULL, SETS(include)},
    {'f', "fail", NULL, "a status of 400 or above is a failure: no body, exit code 22", SETS(fail)},
    {'L', "location", NULL, "follow redirects (not from https to http; credentials stay with their origin)",
     SETS(location)},
    {0, "max-redirs", "NUMBER", "at most so many of them (50)", CALLS(set_max_redirects)},
    {'u', "user", "USER:PASSWORD", "Basic authentication", CALLS(set_user)},
    {0, "oauth2-bearer", "TOKEN", "Bearer authentication", TAKES(bearer)},
    {0, "url-credentials", NULL, "take USER:PASSWORD@ in front of the host of a URL (else it is refused)",
     SETS(url_credentials)},
    {'x', "proxy", "[http://]HOST[:PORT]", "go through this proxy (port 1080 if none is given)",
     CALLS(set_proxy)},
    {'U', "proxy-user", "USER:PASSWORD", "Basic authentication at the proxy", CALLS(set_proxy_user)},
    {'o', "output", "FILE", "write the body to this file (one -o for each URL, in order)", CALLS(add_output)},
    {'O', "remote-name", NULL, "write the body to a file named as in the URL", CALLS(add_remote_name)},
    {'r', "range", "RANGE", "only these bytes: FIRST-LAST, FIRST-, -COUNT", CALLS(set_range)},
    {'C', "continue-at", "OFFSET", "continue the file there; -: where it ends", CALLS(set_continue)},
    {0, "url", "URL", "one more URL; without a scheme it is https", CALLS(add_url)},
    {0, "cacert", "FILE", "trust these certificates (PEM or DER) instead of the web's roots", TAKES(cacert)},
    {0, "pinnedpubkey", "PINS",
     "sha256//BASE64[;...] or a file: one of these keys must be in the server's path", TAKES(pins)},
    {0, "pinned-only", NULL, "trust no issuer: the server's own key must be pinned", SETS(pinned_only)},
    {'E', "cert", "FILE", "the client's own certificate (PEM or DER), which may have its key with it (PEM)",
     TAKES(cert)},
    {0, "key", "FILE", "the key of that certificate", TAKES(key)},
    {0, "ssl-sessions", "FILE", "resume the TLS sessions in this file, and keep the last ones there",
     TAKES(sessions)},
    {0, "tlsv1.2", NULL, "TLS 1.2 or later (the default)", CALLS(set_tls_1_2)},
    {0, "tlsv1.3", NULL, "TLS 1.3 only", CALLS(set_tls_1_3)},
    {0, "tls-max", "VERSION", "at most this version: 1.2 or 1.3", CALLS(set_tls_max)},
    {0, "resolve", "HOST:PORT:ADDRESS", "connect there and look nothing up", CALLS(add_resolve)},
    {0, "dns-servers", "ADDRESS,ADDRESS", "ask these name servers (one or two)", CALLS(set_dns_servers)},
    {0, "dhcp", NULL, "get the address of the network interface with DHCP", SETS(dhcp)},
    {0, "connect-timeout", "SECONDS", "for lookup, TCP and TLS together", CALLS(set_connect_timeout)},
    {'m', "max-time", "SECONDS", "for each URL in all", CALLS(set_max_time)},
    {'s', "silent", NULL, "no progress bar (what failed is said nevertheless)", SETS(silent)},
    {'S', "show-error", NULL, NULL, CALLS(accept)},
    {'v', "verbose", NULL, "tell the story on standard error", SETS(verbose)},
    {'w', "write-out", "FORMAT", "after each URL this on standard output, with %{http_code} and the like",
     CALLS(set_write_out)},
    {0, "report", NULL, "after each URL, time and memory of each phase on standard error", SETS(report)},
    {0, "trace", "FILE", "write every frame to this file (pcap)", TAKES(trace)},
    {0, "keylog", "FILE", "append the TLS secrets to this file, for Wireshark", TAKES(keylog)},
    {'V', "version", NULL, "show the version and end", .action = END, .result = OPTIONS_VERSION},
    {'h', "help", NULL, "show this and end", .action = END, .result = OPTIONS_HELP},
    {'k', "insecure", NULL, NULL, CALLS(refuse_insecure)},
#undef SETS
#undef TAKES
#undef CALLS
};
enum { KNOWN_LEN = sizeof known / sizeof known[0] };

static const struct option *find_letter(char letter)
{
    for (size_t i = 0; i < KNOWN_LEN; i++)
        if (known[i].letter == letter)
            return &known[i];
    return NULL;
}

static const struct option *find_name(const char *name)
{
    for (size_t i = 0; i < KNOWN_LEN; i++)
        if (strcmp(known[i].name, name) == 0)
            return &known[i];
    return NULL;
}

static bool apply(struct cursor *cursor, const struct option *option, const char *text)
{
    char *const base = (char *)cursor->options;

    switch (option->action) {
    case FLAG: *(bool *)(void *)(base + option->field) = true; return true;
    case TEXT: *(const char **)(void *)(base + option->field) = text; return true;
    case CALL: return option->call(cursor->options, text);
    case END: cursor->result = option->result; return true;
    }
    return false;
}

static bool apply_with_argument(struct cursor *cursor, const struct option *option, const char *rest)
{
    const char *text = NULL;

    if (option->argument != NULL) {
        text = rest != NULL ? rest : *cursor->words;
        if (text == NULL)
            return wrong(cursor->options, "--%s: needs %s", option->name, option->argument);
        if (rest == NULL)
            cursor->words++;
    }
    return apply(cursor, option, text);
}

static bool parse_long(struct cursor *cursor, const char *word)
{
    const struct option *const option = find_name(word + 2);

    if (option == NULL)
        return wrong(cursor->options, "unknown option: %s (see picket --help)", word);
    return apply_with_argument(cursor, option, NULL);
}

// "-si", "-sofile": letters up to the first that takes an argument, which is the rest or the next word.
static bool parse_letters(struct cursor *cursor, const char *word)
{
    for (const char *c = word + 1; *c != '\0'; c++) {
        const struct option *const option = find_letter(*c);
        if (option == NULL)
            return wrong(cursor->options, "unknown option: -%c (see picket --help)", *c);
        const bool takes_rest = option->argument != NULL && c[1] != '\0';
        if (!apply_with_argument(cursor, option, takes_rest ? c + 1 : NULL))
            return false;
        if (option->argument != NULL)
            return true;
    }
    return true;
}

static bool parse_words(struct cursor *cursor)
{
    bool only_urls = false;

    while (*cursor->words != NULL && cursor->result == OPTIONS_RUN) {
        const char *const word = *cursor->words++;
        bool good = true;
        if (only_urls || word[0] != '-' || word[1] == '\0')
            good = add_url(cursor->options, word);
        else if (strcmp(word, "--") == 0)
            only_urls = true;
        else if (word[1] == '-')
            good = parse_long(cursor, word);
        else
            good = parse_letters(cursor, word);
        if (!good)
            return false;
    }
    return true;
}

static bool check_together(struct options *options)
{
    const int bodies = (options->head ? 1 : 0) + (options->data_count > 0) + (options->upload_count > 0);

    if (options->url_count == 0)
        return wrong(options, "no URL given (see picket --help)");
    if (bodies > 1)
        return wrong(options, "only one of -I (HEAD), -d (POST) and -T (PUT) can be done at a time");
    if (options->output_count > options->url_count)
        return wrong(options, "more -o and -O than URLs");
    if (options->upload_count > options->url_count)
        return wrong(options, "more -T than URLs");
    if (options->login.user != NULL && options->bearer != NULL)
        return wrong(options, "only one of -u and --oauth2-bearer can be done at a time");
    if (options->continues && options->range != NULL)
        return wrong(options, "-C and -r cannot be used together");
    if (options->continues && range_is_named(options))
        return wrong(options, "-C and -H Range cannot be used together");
    if ((options->continues || options->range != NULL) && bodies > (options->head ? 1 : 0))
        return wrong(options, "-C and -r are for what is received: not with -d or -T");
    if (options->continues && options->include)
        return wrong(options, "-C continues a file, of which a head (-i) is no part");
    if (options->key != NULL && options->cert == NULL)
        return wrong(options, "--key needs --cert");
    if (options->pinned_only && (options->pins == NULL || options->cacert != NULL))
        return wrong(options, "--pinned-only needs --pinnedpubkey, and no --cacert");
    if (options->tls_max != 0 && options->tls_min > options->tls_max)
        return wrong(options, "--tlsv1.3 and --tls-max 1.2 leave no version of TLS");
    return true;
}

enum options_result options_parse(struct options *options, int argc, char *const argv[])
{
    struct cursor cursor = {options, argv + (argc > 0 ? 1 : 0), OPTIONS_RUN};

    memset(options, 0, sizeof *options);
    options->max_redirects = MAX_REDIRECTS;
    if (!parse_words(&cursor))
        return OPTIONS_WRONG;
    if (cursor.result == OPTIONS_RUN && !check_together(options))
        return OPTIONS_WRONG;
    return cursor.result;
}

void options_free(struct options *options)
{
    for (size_t i = 0; i < options->header_count; i++)
        free((char *)options->headers[i].name);
    free((char *)options->dns_servers[0]);
    free((char *)options->dns_servers[1]);
    free(options->login.user);
    free(options->proxy_login.user);
    free(options->proxy_url);
    free(options->urls);
    free(options->outputs);
    free(options->uploads);
    free(options->data);
    free(options->headers);
    free(options->resolve);
    memset(options, 0, sizeof *options);
}

void options_print(FILE *out)
{
    for (size_t i = 0; i < KNOWN_LEN; i++) {
        const struct option *const option = &known[i];
        char name[64];
        if (option->help == NULL)
            continue;
        snprintf(name, sizeof name, "%s %s", option->name, option->argument != NULL ? option->argument : "");
        if (option->letter != 0)
            fprintf(out, "  -%c, --%-27s %s\n", option->letter, name, option->help);
        else
            fprintf(out, "      --%-27s %s\n", name, option->help);
    }
}
