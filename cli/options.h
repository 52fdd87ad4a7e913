// options.h: the command line, taken apart. Names and meanings are curl's wherever curl has the option.
#ifndef PICKET_CLI_OPTIONS_H
#define PICKET_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "picket/picket.h"

#include "resolve.h"

enum options_result {
    OPTIONS_RUN,
    OPTIONS_HELP,
    OPTIONS_VERSION,
    OPTIONS_WRONG, // options.error says what
};

// One -d, --data-binary or --data-raw.
enum data_kind {
    DATA_TEXT,   // @FILE: the file without CR, LF and NUL
    DATA_BINARY, // @FILE: the file as it is
    DATA_RAW,    // no @FILE
};
struct data_part {
    enum data_kind kind;
    const char *text;
};

// USER:PASSWORD, taken apart.
struct login {
    char *user; // NULL: none
    const char *password;
};

struct options {
    // The n-th output, and the n-th upload, belong to the n-th URL.
    const char **urls;
    size_t url_count;
    const char **outputs; // NULL in the list: the name that the URL has (-O)
    size_t output_count;
    const char **uploads;
    size_t upload_count;

    struct data_part *data;
    size_t data_count;
    picket_header_t *headers; // value NULL: leave the field out
    size_t header_count;
    struct resolve *resolve;
    size_t resolve_count;

    struct login login, proxy_login;
    char *proxy_url; // NULL: none
    const char *bearer;

    const char *cacert;
    const char *pins;
    const char *cert;
    const char *key;
    bool pinned_only;
    const char *keylog;
    const char *range; // checked
    const char *method;
    const char *sessions; // the file that keeps them
    const char *trace;
    const char *user_agent;     // "": send none
    const char *write_out;      // checked; NULL: nothing
    const char *dns_servers[2]; // numeric

    bool continues;        // -C
    bool continues_at_end; // of what is there: -C -
    int64_t continue_at;

    uint32_t connect_timeout_ms; // 0: the default
    uint32_t max_time_ms;        // 0: none
    uint16_t tls_min, tls_max;   // 0: the default

    uint16_t max_redirects; // with location

    bool dhcp, fail, head, include, location, report, silent, url_credentials, verbose;

    char error[256]; // no end of line
};

// Take the words apart. Reads no file and writes nothing. The struct borrows from argv.
enum options_result options_parse(struct options *options, int argc, char *const argv[]);

void options_free(struct options *options);

// Every option, for --help.
void options_print(FILE *out);

#endif
