// wolfSSL: its client for TLS 1.3 and 1.2 (bench/crypto/wolfssl/user_settings.h). Under the GPL: what is linked with it is for
// measuring only.
#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/ssl.h>

#include "hardware/timer.h"
#include "line.h"
#include "phases.h"
#include "rival.h"
#include "rival_memory.h"

enum { TLS_1_2 = 0x303, TLS_1_3 = 0x304, RECORD_HEADER = 5 };

// As Picket offers them; by default it offers AES first, which takes longer on a processor without instructions for it.
static const char suites[] = "TLS13-CHACHA20-POLY1305-SHA256:TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384:"
                             "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                             "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                             "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

static WOLFSSL_CTX *context;
static WOLFSSL *tls;
static WOLFSSL_SESSION *session;
static bool ended, has_moved, has_read_header;

// --- What wolfSSL asks of a board

int rival_wolfssl_seed(unsigned char *out, unsigned len)
{
    return rival_entropy(out, len) ? 0 : -1;
}

// (USER_TICKS)
word32 LowResTimer(void);
word32 LowResTimer(void)
{
    return (word32)(time_us_64() / 1000000);
}

word32 TimeNowInMilliseconds(void);
word32 TimeNowInMilliseconds(void)
{
    return (word32)(time_us_64() / 1000);
}

// --- A connection

// One record for each call of it: lwIP is served in between.
static int receive(WOLFSSL *ssl, char *out, int size, void *ctx)
{
    (void)ssl, (void)ctx;
    if (size == RECORD_HEADER && has_read_header) {
        has_moved = true;
        return WOLFSSL_CBIO_ERR_WANT_READ;
    }
    size_t n = line_read(out, (size_t)size);
    has_read_header = has_read_header || (n > 0 && size == RECORD_HEADER);
    if (n > 0)
        return (int)n;
    return line_has_ended() ? WOLFSSL_CBIO_ERR_CONN_CLOSE : WOLFSSL_CBIO_ERR_WANT_READ;
}

static int transmit(WOLFSSL *ssl, char *data, int size, void *ctx)
{
    (void)ssl, (void)ctx;
    size_t n = line_write(data, (size_t)size);
    return n > 0 ? (int)n : WOLFSSL_CBIO_ERR_WANT_WRITE;
}

// What it returned, when that is not success.
static void look_at(int result)
{
    int error = wolfSSL_get_error(tls, result);
    if (error == WOLFSSL_ERROR_WANT_READ || error == WOLFSSL_ERROR_WANT_WRITE)
        return;
    ended = true;
    rival_ended(error == WOLFSSL_ERROR_ZERO_RETURN ? 0 : error);
}

static void handshake_is_over(void)
{
    phases.resumed = wolfSSL_session_reused(tls) == 1;
    phases_pass_to(PHASE_BETWEEN);
    phases_end(wolfSSL_GetVersion(tls) == WOLFSSL_TLSV1_3 ? TLS_1_3 : TLS_1_2,
               (uint16_t)wolfSSL_get_current_cipher_suite(tls));
    rival_connected();
}

// The key pair for TLS 1.3, without which it would be one of P-256, belongs to the handshake. For a session of TLS 1.2 only that
// version is offered.
static bool begin(void)
{
    phases_begin();
    return wolfSSL_GetVersion(tls) == WOLFSSL_TLSV1_2 ||
           wolfSSL_UseKeyShare(tls, WOLFSSL_ECC_X25519) == WOLFSSL_SUCCESS;
}

static void go_on(void)
{
    int result = phases.running || begin() ? wolfSSL_connect(tls) : WOLFSSL_FATAL_ERROR;
    if (result == WOLFSSL_SUCCESS)
        handshake_is_over();
    else
        look_at(result);
}

static void read_text(void)
{
    static char text[512];
    int n;
    while ((n = wolfSSL_read(tls, text, sizeof text)) > 0)
        rival_received(text, (size_t)n);
    look_at(n);
}

static void moved(void)
{
    has_moved = true;
}

bool rival_poll(void)
{
    if (!has_moved || ended)
        return false;
    has_moved = has_read_header = false;
    if (!line_is_open() && line_has_ended()) {
        ended = true;
        rival_ended(-1);
    }
    if (!ended && line_is_open() && !phases.over)
        go_on();
    if (!ended && phases.over)
        read_text();
    return has_moved;
}

bool rival_open(const char *host, const ip_addr_t *address, uint16_t port)
{
    ended = has_moved = false;
    tls = wolfSSL_new(context);
    if (!tls || wolfSSL_check_domain_name(tls, host) != WOLFSSL_SUCCESS ||
        wolfSSL_UseSNI(tls, WOLFSSL_SNI_HOST_NAME, host, (word16)XSTRLEN(host)) != WOLFSSL_SUCCESS)
        return false;
    if (session)
        wolfSSL_set_session(tls, session);
    return line_open(address, port, moved);
}

bool rival_send(const void *data, size_t len)
{
    return wolfSSL_write(tls, data, (int)len) == (int)len;
}

void rival_close(void)
{
    ended = true;
    line_close();
    wolfSSL_SESSION_free(session);
    session = tls && phases.over ? wolfSSL_get1_session(tls) : NULL;
    wolfSSL_free(tls);
    tls = NULL;
}

bool rival_start(const char *ca, size_t len)
{
    wolfSSL_Init();
    context = wolfSSL_CTX_new(wolfTLS_client_method());
    if (!context || wolfSSL_CTX_load_verify_buffer(context, (const unsigned char *)ca, (long)len,
                                                   WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS)
        return false;
    wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_PEER, NULL);
    wolfSSL_CTX_UseSessionTicket(context);
    if (wolfSSL_CTX_set_cipher_list(context, suites) != WOLFSSL_SUCCESS ||
        wolfSSL_CTX_new_rng(context) != WOLFSSL_SUCCESS)
        return false;
    wolfSSL_SetIORecv(context, receive);
    wolfSSL_SetIOSend(context, transmit);
    return true;
}
