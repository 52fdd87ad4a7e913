// altcp_config.c: whom to believe and what to show, and Picket itself, started by the first configuration.
#include "altcp_private.h"

#if LWIP_ALTCP && LWIP_ALTCP_TLS

#include <string.h>

#include "../../../src/arena.h"
#include "../../../src/clock_wait.h"
#include "../../../src/engine.h"
#include "../../../src/text.h"
#include "lwip_board.h"
#include "lwip_owner.h"

static uint8_t arena[PICKET_ALTCP_ARENA];
static struct altcp_tls_config *configs;

// --- What is known of the last one that ended

static struct {
    const void *conn;
    const void *arg;
    int error;
    picket_detail_t detail;
} last;

void altcp_remember(const struct altcp_pcb *conn, int error, const picket_detail_t *detail)
{
    last.conn = conn;
    last.arg = conn != NULL ? conn->arg : NULL;
    last.error = error;
    last.detail = detail != NULL ? *detail : (picket_detail_t){.alert = -1};
}

static bool is_last(const void *who)
{
    return who == NULL || who == last.conn || who == last.arg;
}

int picket_altcp_error(const void *who)
{
    const flow_t *f = who != NULL ? altcp_flow_of(who) : NULL;
    if (f != NULL)
        return f->error;
    return is_last(who) ? last.error : 0;
}

picket_detail_t picket_altcp_detail(const void *who)
{
    picket_detail_t detail = {.alert = -1};
    const flow_t *f = who != NULL ? altcp_flow_of(who) : NULL;
    if (f != NULL && !picket_lwip_is_beside())
        altcp_flow_describe(f, &detail);
    else if (f != NULL)
        detail.phase = PICKET_PHASE_HANDSHAKE; // TLS is at work, and nobody may look
    else if (is_last(who))
        detail = last.detail;
    return detail;
}

const char *picket_altcp_sentence(const void *who)
{
    static char line[240];
    const picket_detail_t detail = picket_altcp_detail(who);
    text_t text = text_in(line, sizeof line);
    text_str(&text, picket_strerror(picket_altcp_error(who)));
    if (detail.text[0] != '\0') {
        text_str(&text, " (");
        text_str(&text, detail.text);
        text_str(&text, ")");
    }
    return line;
}

// --- Picket's start and end

static bool runs;
static picket_config_t base;

bool altcp_runs(void)
{
    return runs;
}

const picket_port_t *altcp_port(void)
{
    return picket_port_default();
}

uint32_t altcp_now(void)
{
    const picket_port_t *port = altcp_port();
    return port->millis(port->ctx);
}

static int start(void)
{
    if (runs)
        return 0;
    if (engine_runs())
        return PICKET_ERR_BUSY;
    if (!altcp_has_context())
        return PICKET_ERR_ARG;
    base = (picket_config_t){.arena = arena, .arena_len = sizeof arena, .port = altcp_port()};
    int error = engine_start(&base);
    if (error != 0)
        return error;
    clock_wait_start(&base, base.port, NULL);
    runs = true;
    return 0;
}

void altcp_tls_free_entropy(void)
{
    if (!runs || !altcp_take())
        return;
    if (configs == NULL && !altcp_flows_any()) {
        runs = false; // who asks from here on is told that it is busy
        altcp_worker_stop();
        clock_wait_stop();
        engine_stop();
    }
    altcp_give();
}

// --- Configurations

static void *copy(const void *data, size_t len)
{
    void *mem = picket_arena_calloc(1, len);
    if (mem != NULL)
        memcpy(mem, data, len);
    return mem;
}

// A store refers to DER where it lies, and the application may reuse that memory.
static int load_trust(struct altcp_tls_config *c, const u8_t *ca, size_t len)
{
    size_t room = picket_trust_mem(ca, len);
    c->trust_mem = picket_arena_calloc(1, room != 0 ? room : 1);
    c->trust_der = copy(ca, len);
    if (c->trust_mem == NULL || c->trust_der == NULL)
        return PICKET_ERR_NO_MEMORY;
    return picket_trust_load(&c->trust, c->trust_der, len, c->trust_mem, room, NULL);
}

// PEM has been decoded, and its text is not needed any more.
static void drop_text(struct altcp_tls_config *c, size_t len)
{
    const uint8_t *der = c->trust_der, *end = der + len;
    for (size_t i = 0; i < c->trust.count; i++) {
        if (c->trust.anchors[i].der >= der && c->trust.anchors[i].der < end)
            return;
    }
    picket_arena_free(c->trust_der);
    c->trust_der = NULL;
}

static int choose_trust(struct altcp_tls_config *c, const u8_t *ca, size_t len)
{
    c->config.trust = &c->trust;
    if (ca != NULL && len != 0) {
        int error = load_trust(c, ca, len);
        if (error == 0)
            drop_text(c, len);
        return error;
    }
#if PICKET_ALTCP_WEB
    c->config.trust = &picket_trust_web;
    return 0;
#else
    return PICKET_ERR_NO_TRUST;
#endif
}

static int set_up(struct altcp_tls_config *c, const u8_t *ca, size_t len, const picket_identity_t *identity)
{
    c->config.port = altcp_port();
    c->config.identity = identity;
    int error = choose_trust(c, ca, len);
    if (error == 0)
        error = tls_client_new(&c->config, &c->client);
    c->config.identity = NULL; // it has been read
    if (error == 0 && c->alpn != NULL)
        (void)tls_context_alpn(c->client, c->alpn);
    return error;
}

// --- Set up later: whoever asks for it has interrupted TLS

struct pending {
    uint8_t *ca;
    size_t ca_len;
    picket_identity_t identity; // copies; without cert: none
};

static void drop_copy(const void *data, size_t len)
{
    if (data != NULL)
        arena_free_wiped((void *)(uintptr_t)data, len);
}

static void drop_pending(struct altcp_tls_config *c)
{
    struct pending *later = c->pending;
    c->pending = NULL;
    if (later == NULL)
        return;
    picket_arena_free(later->ca);
    drop_copy(later->identity.cert, later->identity.cert_len);
    drop_copy(later->identity.key, later->identity.key_len);
    picket_arena_free(later);
}

static bool copy_identity(picket_identity_t *to, const picket_identity_t *from)
{
    *to = (picket_identity_t){.cert = copy(from->cert, from->cert_len), .cert_len = from->cert_len};
    to->key = to->cert != NULL ? copy(from->key, from->key_len) : NULL;
    to->key_len = from->key_len;
    return to->key != NULL;
}

static int keep_pending(struct altcp_tls_config *c, const u8_t *ca, size_t len,
                        const picket_identity_t *identity)
{
    struct pending *later = c->pending = picket_arena_calloc(1, sizeof *later);
    if (later == NULL)
        return PICKET_ERR_NO_MEMORY;
    if (ca != NULL && len != 0) {
        later->ca_len = len;
        later->ca = copy(ca, len);
        if (later->ca == NULL)
            return PICKET_ERR_NO_MEMORY;
    }
    return identity == NULL || copy_identity(&later->identity, identity) ? 0 : PICKET_ERR_NO_MEMORY;
}

static void set_up_later(struct altcp_tls_config *c)
{
    struct pending *later = c->pending;
    const picket_identity_t *identity = later->identity.cert != NULL ? &later->identity : NULL;
    c->flows++; // it is in use, whoever frees it meanwhile
    altcp_unlock();
    int error = set_up(c, later->ca, later->ca_len, identity);
    altcp_lock();
    altcp_config_release(c);
    c->error = error;
    drop_pending(c);
}

bool altcp_configs_prepare(void)
{
    bool left = false;
    for (struct altcp_tls_config *c = configs; c != NULL; c = c->next) {
        if (c->pending != NULL && !tls_busy(c->client))
            set_up_later(c);
        left |= c->pending != NULL;
    }
    return left;
}

// --- All of it

static void free_config(struct altcp_tls_config *c)
{
    drop_pending(c);
    tls_client_free(c->client);
    picket_arena_free(c->trust_mem);
    picket_arena_free(c->trust_der);
    picket_arena_free(c->host);
    picket_arena_free(c);
}

static struct altcp_tls_config *refuse(struct altcp_tls_config *c, int error)
{
    if (c != NULL)
        free_config(c);
    altcp_remember(NULL, error, NULL);
    return NULL;
}

static struct altcp_tls_config *make(const u8_t *ca, size_t len, const picket_identity_t *identity, bool mine)
{
    int error = mine ? start() : 0;
    if (error != 0)
        return refuse(NULL, error);
    struct altcp_tls_config *c = picket_arena_calloc(1, sizeof *c);
    if (c == NULL)
        return refuse(NULL, PICKET_ERR_NO_MEMORY);
    bool now = mine && (identity == NULL || !tls_busy(NULL)); // a key cannot be taken while TLS is at work
    error = now ? set_up(c, ca, len, identity) : keep_pending(c, ca, len, identity);
    if (error != 0)
        return refuse(c, error);
    picket_lwip_guard(true);
    c->next = configs;
    configs = c;
    picket_lwip_guard(false);
    return c;
}

static struct altcp_tls_config *create(const u8_t *ca, size_t len, const picket_identity_t *identity)
{
    (void)altcp_port();
    bool mine = altcp_take();
    if (!mine && !runs)
        return refuse(NULL, PICKET_ERR_BUSY); // somebody else is starting it
    struct altcp_tls_config *c = make(ca, len, identity, mine);
    if (mine)
        altcp_give();
    return c;
}

struct altcp_tls_config *altcp_tls_create_config_client(const u8_t *cert, size_t cert_len)
{
    return create(cert, cert_len, NULL);
}

struct altcp_tls_config *altcp_tls_create_config_client_2wayauth(const u8_t *ca, size_t ca_len,
                                                                 const u8_t *privkey, size_t privkey_len,
                                                                 const u8_t *privkey_pass,
                                                                 size_t privkey_pass_len, const u8_t *cert,
                                                                 size_t cert_len)
{
    const picket_identity_t identity = {
        .cert = cert, .cert_len = cert_len, .key = privkey, .key_len = privkey_len};
    if (privkey_pass != NULL && privkey_pass_len != 0)
        return refuse(NULL, PICKET_ERR_IDENTITY); // a key that is encrypted is not read
    if (cert == NULL || privkey == NULL)
        return refuse(NULL, PICKET_ERR_ARG);
    return create(ca, ca_len, &identity);
}

int altcp_tls_configure_alpn_protocols(struct altcp_tls_config *config, const char **protocols)
{
    if (config == NULL)
        return -1;
    config->alpn = protocols;
    return config->client != NULL ? tls_context_alpn(config->client, protocols) : 0;
}

int picket_altcp_config_set_hostname(struct altcp_tls_config *config, const char *name)
{
    if (config == NULL || name == NULL || name[0] == '\0')
        return PICKET_ERR_NO_HOST;
    char *host = copy(name, strlen(name) + 1);
    if (host == NULL)
        return PICKET_ERR_NO_MEMORY;
    char *old = config->host;
    config->host = host;
    picket_arena_free(old);
    return 0;
}

// --- Their end

// Freeing needs the stack of TLS. When it is at work, for a flow of another configuration, the worker comes back here.
static bool is_done(const struct altcp_tls_config *c)
{
    return c->freed && c->flows == 0 && !tls_busy(c->client);
}

static void unlink_config(const struct altcp_tls_config *c)
{
    picket_lwip_guard(true);
    struct altcp_tls_config **at = &configs;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    picket_lwip_guard(false);
}

void altcp_configs_sweep(void)
{
    for (struct altcp_tls_config *c = configs, *next; c != NULL; c = next) {
        next = c->next;
        if (!is_done(c))
            continue;
        unlink_config(c);
        free_config(c);
    }
}

bool altcp_configs_wait(void)
{
    const struct altcp_tls_config *c = configs;
    while (c != NULL && c->pending == NULL && !(c->freed && c->flows == 0))
        c = c->next;
    return c != NULL;
}

void altcp_config_release(struct altcp_tls_config *config)
{
    picket_lwip_guard(true);
    config->flows--;
    picket_lwip_guard(false);
}

void altcp_tls_free_config(struct altcp_tls_config *config)
{
    if (config == NULL)
        return;
    config->freed = true;
    if (!altcp_take()) {
        altcp_kick();
        return;
    }
    altcp_configs_sweep();
    altcp_give();
}

// --- Servers

struct altcp_tls_config *altcp_tls_create_config_server(u8_t cert_count)
{
    (void)cert_count;
    return refuse(NULL, PICKET_ERR_ARG);
}

struct altcp_tls_config *altcp_tls_create_config_server_privkey_cert(const u8_t *privkey, size_t privkey_len,
                                                                     const u8_t *privkey_pass,
                                                                     size_t privkey_pass_len,
                                                                     const u8_t *cert, size_t cert_len)
{
    (void)privkey;
    (void)privkey_len;
    (void)privkey_pass;
    (void)privkey_pass_len;
    (void)cert;
    (void)cert_len;
    return refuse(NULL, PICKET_ERR_ARG);
}

err_t altcp_tls_config_server_add_privkey_cert(struct altcp_tls_config *config, const u8_t *privkey,
                                               size_t privkey_len, const u8_t *privkey_pass,
                                               size_t privkey_pass_len, const u8_t *cert, size_t cert_len)
{
    (void)config;
    (void)privkey;
    (void)privkey_len;
    (void)privkey_pass;
    (void)privkey_pass_len;
    (void)cert;
    (void)cert_len;
    return ERR_VAL;
}

#endif
