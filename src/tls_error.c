#include <string.h>

#include <mbedtls/asn1.h>
#include <mbedtls/pk.h>

#include "entropy.h"
#include "text.h"
#include "tls_private.h"

#define TLS_ALERT_CERTIFICATE_REQUIRED 116 // which Mbed TLS has no name for

// Mbed TLS adds the code of a lower layer to that of an upper one: -0x2580 and -0x0066 give -0x25e6.
static int upper(int code)
{
    return -(-code & 0xff80);
}

static int lower(int code)
{
    return -(-code & 0x7f);
}

static bool before_first_record(const tls_t *tls)
{
    return tls->first_len == sizeof tls->first &&
           (tls->first[0] < 20 || tls->first[0] > 23 || tls->first[1] != 3 || tls->first[2] > 4);
}

static int not_tls(tls_t *tls)
{
    text_t t = text_in(tls->text, sizeof tls->text);
    text_str(&t, "its answer begins with ");
    text_quote(&t, tls->first, tls->first_len, sizeof tls->first);
    return PICKET_ERR_NOT_TLS;
}

// What a server says that did not get the certificate it asked for, or not one that it takes (RFC 8446 6.2).
static void explain_refusal(tls_t *tls)
{
    bool about_it =
        tls->alert == MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE ||
        (tls->alert >= MBEDTLS_SSL_ALERT_MSG_BAD_CERT && tls->alert <= MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN) ||
        tls->alert == MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA || tls->alert == MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED ||
        tls->alert == TLS_ALERT_CERTIFICATE_REQUIRED;
    if (!tls->asked || !about_it)
        return;
    text_t t = text_in(tls->text, sizeof tls->text);
    text_str(&t, tls->client->identity != NULL ? "the server does not accept the client's certificate"
                                               : "the server asks for a client certificate");
}

// The alert is read where Mbed TLS leaves it: it has no accessor for it. The same code without an alert is
// how TLS 1.3 refuses an empty certificate list.
static int alert(tls_t *tls)
{
    if (tls->ssl.MBEDTLS_PRIVATE(in_msgtype) != MBEDTLS_SSL_MSG_ALERT)
        return PICKET_ERR_NO_CERT;
    tls->alert = tls->ssl.MBEDTLS_PRIVATE(in_msg)[1];
    explain_refusal(tls);
    return tls->alert == MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION ? PICKET_ERR_TLS_VERSION : PICKET_ERR_ALERT;
}

static int ended(const tls_t *tls)
{
    if (tls->in_error != 0)
        return tls->in_error;
    return tls->handshaken ? PICKET_ERR_BODY_CUT : PICKET_ERR_TLS_CLOSED;
}

// Which message it was that failed tells a forged handshake signature from other handshake failures.
static int handshake_failure(const tls_t *tls)
{
    switch (tls->ssl.MBEDTLS_PRIVATE(state)) {
    case MBEDTLS_SSL_CERTIFICATE_VERIFY:
    case MBEDTLS_SSL_SERVER_KEY_EXCHANGE: return PICKET_ERR_TLS_SIGNATURE;
    case MBEDTLS_SSL_SERVER_FINISHED: return PICKET_ERR_TLS_CORRUPT;
    default: return PICKET_ERR_TLS_PROTOCOL;
    }
}

// Codes of the layers that read certificates and check signatures: ASN.1, X.509 (-0x2080 to -0x2980), public
// keys (-0x3880 to -0x3f80), and the algorithms below them (-0x4080 to -0x4f80).
static bool is_about_keys(int code)
{
    int high = upper(code), low = lower(code);
    if (high == 0)
        return low <= MBEDTLS_ERR_ASN1_OUT_OF_DATA && low >= MBEDTLS_ERR_ASN1_BUF_TOO_SMALL;
    return (high <= MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE && high >= MBEDTLS_ERR_X509_BUFFER_TOO_SMALL) ||
           (high <= MBEDTLS_ERR_PK_BUFFER_TOO_SMALL && high >= MBEDTLS_ERR_PK_ALLOC_FAILED) ||
           (high <= -0x4080 && high >= -0x4f80);
}

static int too_long(tls_t *tls)
{
    text_t t = text_in(tls->text, sizeof tls->text);
    text_str(&t, "the path to a trusted certificate is too long");
    return PICKET_ERR_CERT_MALFORMED;
}

static int certificate_message(tls_t *tls, int code)
{
    switch (upper(code)) {
    case MBEDTLS_ERR_X509_FATAL_ERROR: return too_long(tls);
    case MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG:
    case MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE:
    case MBEDTLS_ERR_PK_UNKNOWN_PK_ALG:
    case MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE:
    case MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE: return PICKET_ERR_CERT_WEAK;
    default: break;
    }
    // TLS 1.2: a header of four bytes and a list of no length.
    if (code == MBEDTLS_ERR_SSL_DECODE_ERROR && tls->ssl.MBEDTLS_PRIVATE(in_hslen) == 7)
        return PICKET_ERR_NO_CERT;
    if (is_about_keys(code) || code == MBEDTLS_ERR_SSL_DECODE_ERROR ||
        code == MBEDTLS_ERR_SSL_BAD_CERTIFICATE)
        return PICKET_ERR_CERT_MALFORMED;
    return PICKET_ERR_TLS_PROTOCOL;
}

// The same code means one thing while certificates are read and another while a signature is checked.
static int from_library(tls_t *tls, int code)
{
    switch (tls->ssl.MBEDTLS_PRIVATE(state)) {
    case MBEDTLS_SSL_SERVER_CERTIFICATE: return certificate_message(tls, code);
    case MBEDTLS_SSL_CERTIFICATE_VERIFY:
    case MBEDTLS_SSL_SERVER_KEY_EXCHANGE:
        return is_about_keys(code) ? PICKET_ERR_TLS_SIGNATURE : PICKET_ERR_TLS_PROTOCOL;
    default: return PICKET_ERR_TLS_PROTOCOL;
    }
}

// What is legal and yet not taken by Mbed TLS must not be called damaged.
static int not_supported(tls_t *tls, const char *what)
{
    text_t t = text_in(tls->text, sizeof tls->text);
    text_str(&t, what);
    return PICKET_ERR_TLS_PROTOCOL;
}

static int not_signed(tls_t *tls)
{
    text_t t = text_in(tls->text, sizeof tls->text);
    text_str(&t, "the function that signs for it failed");
    return PICKET_ERR_IDENTITY;
}

static int classify(tls_t *tls, int code)
{
    if (code == MBEDTLS_ERR_SSL_INVALID_MAC && tls->ssl.MBEDTLS_PRIVATE(nb_zero) > 3)
        return not_supported(tls, "it sent one empty record after the other");
    if (code == MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE && tls->handshaken &&
        tls->ssl.MBEDTLS_PRIVATE(in_msgtype) == MBEDTLS_SSL_MSG_HANDSHAKE &&
        tls->ssl.MBEDTLS_PRIVATE(in_msg)[0] == 24)
        return not_supported(tls, "it changed its keys (KeyUpdate), which is not supported");
    switch (code) {
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE: return alert(tls);
    case MBEDTLS_ERR_SSL_CONN_EOF: return ended(tls);
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY: return PICKET_ERR_TLS_CLOSED;
    case MBEDTLS_ERR_SSL_INVALID_MAC: return PICKET_ERR_TLS_CORRUPT;
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION: return PICKET_ERR_TLS_VERSION;
    case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE: return handshake_failure(tls);
    case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE: return PICKET_ERR_NO_CERT;
    default: return from_library(tls, code);
    }
}

// What Mbed TLS checked after the path (what the key may be used for) is in its own result only.
static void add_flags(tls_t *tls)
{
    uint32_t flags = mbedtls_ssl_get_verify_result(&tls->ssl);
    if (tls->checked && !tls->handshaken && flags != UINT32_MAX)
        tls->flags |= flags;
}

int tls_error_from(tls_t *tls, int code)
{
    tls->code = code;
    add_flags(tls);
    if (entropy_failed())
        return PICKET_ERR_NO_ENTROPY;
    if (tls->late)
        return PICKET_ERR_TIMEOUT_HANDSHAKE;
    if (tls->sign_failed)
        return not_signed(tls);
    if (code != MBEDTLS_ERR_SSL_CONN_EOF && !tls->handshaken && before_first_record(tls))
        return not_tls(tls);
    if (tls->flags != 0)
        return tls_verify_error(tls);
    return classify(tls, code);
}
