// main.c: picket [options] URL...
//
// One client fetches the URLs in order, so that the second from the same origin has the connection of the first, or at least
// resumes its TLS session.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "linux_port.h"
#include "picket/picket.h"

#include "exit_code.h"
#include "form.h"
#include "identity_file.h"
#include "interrupt.h"
#include "keylog.h"
#include "memory.h"
#include "message.h"
#include "options.h"
#include "pin_list.h"
#include "request.h"
#include "session_file.h"
#include "story.h"
#include "transfer.h"
#include "trust_file.h"
#include "version.h"

// Web servers send larger heads than small machines expect.
enum { HEAD_MAX = 16384 };

// One connection at a time, in the memory that the library promises to need for it, and for a certificate of the client's, and
// a head twice while it grows.
static uint8_t arena[PICKET_ARENA_SIZE(1) + PICKET_ARENA_IDENTITY + 2 * HEAD_MAX];

// All that is opened before the first URL.
struct setup {
    struct form form;
    struct picket_linux_trust trust;
    picket_identity_t identity;
    FILE *keylog;
    picket_host_t *hosts; // of --resolve
    picket_proxy_t proxy;
    picket_t client;
};

static void print_help(void)
{
    printf("usage: picket [options] URL...\n\n"
           "Fetches each URL with Picket, verified: the certificate's chain, dates and host name are always\n"
           "checked. The body goes to standard output. Options have curl's names and meanings.\n\n");
    options_print(stdout);
    printf("\nWithout -m a server may be silent for %d seconds; with a longer -m, for as long as that.\n"
           "SSL_CERT_FILE and SSLKEYLOGFILE in the environment stand for --cacert and --keylog.\n\n"
           "Exit codes; with several URLs, that of the first one that failed:\n",
           PICKET_IDLE_MS / 1000);
    exit_code_print(stdout);
}

// A file that is opened must not get the number of a standard stream that the caller closed: what is meant
// for stdout would land in it.
static void hold_standard_streams(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

static void write_keylog(void *ctx, const char *line)
{
    const struct setup *const setup = ctx;

    keylog_line(setup->keylog, line);
}

static int open_keylog(struct setup *setup, const struct options *options)
{
    const char *const path = options->keylog != NULL ? options->keylog : getenv("SSLKEYLOGFILE");

    if (path == NULL || path[0] == '\0')
        return 0;
    setup->keylog = keylog_open(path);
    if (setup->keylog != NULL)
        return 0;
    message_line("%s: the key log cannot be written: %s", path, strerror(errno));
    return EXIT_WRITE;
}

static bool is_plain_http(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0;
}

static bool needs_trust(const struct options *options)
{
    for (size_t i = 0; i < options->url_count; i++)
        if (!is_plain_http(options->urls[i]))
            return true;
    return options->cacert != NULL;
}

static int load_trust(struct setup *setup, const struct options *options)
{
    int code = 0;

    if (needs_trust(options) && !options->pinned_only)
        code = trust_file_load(&setup->trust, options->cacert);
    if (code == 0 && options->pins != NULL)
        code = pin_list_load(&setup->trust.store, options->pins);
    return code;
}

static int configure_port(const struct options *options)
{
    const struct picket_linux_config config = {
        .dhcp = options->dhcp,
        .trace_file = options->trace,
        .dns_servers = {options->dns_servers[0], options->dns_servers[1]},
    };

    if (picket_linux_configure(&config) == 0)
        return 0;
    // The addresses have been checked, so it is the file.
    message_line("%s: the trace cannot be written: %s", options->trace, strerror(errno));
    return EXIT_WRITE;
}

// What picket_init says is said again by every exchange, so that nobody has to look at it here, but for what only it knows.
static int start_client(struct setup *setup, const struct options *options)
{
    const char *const agent = options->user_agent;
    const picket_config_t config = {
        .trust = &setup->trust.store,
        .identity = options->cert != NULL ? &setup->identity : NULL,
        .arena = arena,
        .arena_len = sizeof arena,
        .port = picket_port_default(),
        .proxy = &setup->proxy,
        .hosts = setup->hosts,
        .host_count = options->resolve_count,
        .tls_min = options->tls_min,
        .tls_max = options->tls_max,
        .head_max = HEAD_MAX,
        .keep_ms = request_keeps(options) ? 0 : PICKET_KEEP_NEVER,
        .user_agent = agent != NULL && agent[0] != '\0' ? agent : NULL,
        .log = options->verbose ? story_log : NULL,
        .keylog = setup->keylog != NULL ? write_keylog : NULL,
        .ctx = setup,
    };

    const int error = picket_init(&setup->client, &config);
    identity_file_free(&setup->identity);
    if (error != PICKET_ERR_IDENTITY)
        return 0;
    message_line("--cert %s: %s: %s", options->cert, picket_strerror(error), picket_identity_why());
    return exit_code_of(error);
}

// The last one that fits counts, so that it comes first here.
static void list_hosts(struct setup *setup, const struct options *options)
{
    setup->hosts = memory_resize(NULL, (options->resolve_count + 1) * sizeof *setup->hosts);
    for (size_t i = 0; i < options->resolve_count; i++) {
        const struct resolve *const entry = &options->resolve[options->resolve_count - 1 - i];
        setup->hosts[i] =
            (picket_host_t){memory_copy(entry->host, entry->host_len), entry->port, entry->address};
    }
}

static void free_hosts(struct setup *setup, const struct options *options)
{
    for (size_t i = 0; setup->hosts != NULL && i < options->resolve_count; i++)
        free((char *)setup->hosts[i].name);
    free(setup->hosts);
}

static int prepare(struct setup *setup, const struct options *options)
{
    int code = form_load(&setup->form, options);

    list_hosts(setup, options);
    setup->proxy =
        (picket_proxy_t){options->proxy_url, options->proxy_login.user, options->proxy_login.password};
    if (code == 0)
        code = open_keylog(setup, options);
    if (code == 0)
        code = load_trust(setup, options);
    if (code == 0)
        code = configure_port(options);
    if (code == 0 && options->cert != NULL)
        code = identity_file_load(&setup->identity, options->cert, options->key);
    if (code == 0)
        code = start_client(setup, options);
    if (code == 0 && options->sessions != NULL)
        code = session_file_load(&setup->client, options->sessions);
    return code;
}

static int fetch_all(struct setup *setup, const struct options *options)
{
    const struct command command = {
        .options = options,
        .form = &setup->form,
        .port = picket_port_default(),
        .client = &setup->client,
        .arena_size = sizeof arena,
    };
    int first = 0;

    for (size_t i = 0; i < options->url_count && interrupt_signal() == 0; i++) {
        const int code = transfer_run(&command, i);
        if (first == 0)
            first = code;
    }
    if (options->sessions != NULL) {
        const int code = session_file_save(&setup->client, options->sessions);
        if (first == 0)
            first = code;
    }
    return first;
}

static int run(const struct options *options)
{
    static struct setup setup;
    int code;

    interrupt_catch();
    code = prepare(&setup, options);
    if (code == 0)
        code = fetch_all(&setup, options);
    picket_deinit(&setup.client);
    identity_file_free(&setup.identity);
    pin_list_free(&setup.trust.store);
    picket_linux_trust_free(&setup.trust);
    form_free(&setup.form);
    free_hosts(&setup, options);
    if (setup.keylog != NULL)
        fclose(setup.keylog);
    return interrupt_signal() != 0 ? EXIT_SIGNAL + interrupt_signal() : code;
}

int main(int argc, char *argv[])
{
    struct options options;
    int code = 0;

    hold_standard_streams();
    switch (options_parse(&options, argc, argv)) {
    case OPTIONS_HELP: print_help(); break;
    case OPTIONS_VERSION: version_print(stdout); break;
    case OPTIONS_WRONG:
        message_line("%s", options.error);
        code = EXIT_USAGE;
        break;
    case OPTIONS_RUN: code = run(&options); break;
    }
    options_free(&options);
    return code;
}
