// exit_code.c: the one table of exit codes, and which of the library's errors each stands for.
#include "exit_code.h"

#include <stddef.h>

#include "picket/error.h"

static const struct exit_code {
    int code;
    const char *meaning;
    int errors[12]; // ends with 0
} exit_codes[] = {
    {0, "all went well", {0}},
    {1,
     "the scheme is neither http nor https, or a redirect leads from https to http",
     {PICKET_ERR_SCHEME, PICKET_ERR_REDIRECT_PLAIN}},
    {EXIT_USAGE, "wrong usage: an option, or a header that may not be given", {PICKET_ERR_HEADER}},
    {3, "malformed URL, also that of a redirect", {PICKET_ERR_URL, PICKET_ERR_REDIRECT_URL}},
    {5, "malformed proxy", {PICKET_ERR_PROXY_URL}},
    {6, "the host name has no address", {PICKET_ERR_NO_ADDRESS}},
    {7,
     "connection refused, no route, no network, or it was lost",
     {PICKET_ERR_REFUSED, PICKET_ERR_UNREACHABLE, PICKET_ERR_NO_NETWORK, PICKET_ERR_LINK}},
    {8,
     "the answer is not HTTP as it should be",
     {PICKET_ERR_NOT_HTTP, PICKET_ERR_HEAD_CUT, PICKET_ERR_HTTP_HEAD, PICKET_ERR_HTTP_LENGTH,
      PICKET_ERR_HTTP_CODING, PICKET_ERR_HTTP_CHUNK, PICKET_ERR_HTTP_HEAD_SIZE, PICKET_ERR_HTTP_HEADERS,
      PICKET_ERR_HTTP_UPGRADE, PICKET_ERR_HTTP_INTERIM}},
    {18, "the body was cut short", {PICKET_ERR_BODY_CUT}},
    {EXIT_STATUS, "the status is 400 or above (with --fail)", {PICKET_ERR_STATUS}},
    {EXIT_WRITE, "the body, or a file, cannot be written", {0}},
    {EXIT_READ, "what is to be sent cannot be read", {PICKET_ERR_BODY_SOURCE}},
    {EXIT_MEMORY,
     "out of memory",
     {PICKET_ERR_NO_MEMORY, PICKET_ERR_NO_SLOT, PICKET_ERR_NO_ARENA, PICKET_ERR_STACK}},
    {28,
     "timed out, in whatever phase",
     {PICKET_ERR_TIMEOUT_LOOKUP, PICKET_ERR_TIMEOUT_CONNECT, PICKET_ERR_TIMEOUT_HANDSHAKE,
      PICKET_ERR_TIMEOUT_SEND, PICKET_ERR_TIMEOUT_HEAD, PICKET_ERR_TIMEOUT_IDLE, PICKET_ERR_TIMEOUT_TOTAL,
      PICKET_ERR_TIMEOUT_TIME, PICKET_ERR_TIMEOUT_PROXY}},
    {EXIT_RANGE, "not the range that was asked for (with -r and -C)", {PICKET_ERR_RANGE}},
    {35,
     "TLS failed: an alert, the version, the protocol, a damaged record",
     {PICKET_ERR_ALERT, PICKET_ERR_NOT_TLS, PICKET_ERR_TLS_VERSION, PICKET_ERR_TLS_PROTOCOL,
      PICKET_ERR_TLS_CORRUPT, PICKET_ERR_TLS_SIGNATURE, PICKET_ERR_TLS_CLOSED, PICKET_ERR_NO_ENTROPY}},
    {47, "more redirects than allowed", {PICKET_ERR_REDIRECTS}},
    {52, "the server closed the connection without an answer", {PICKET_ERR_EMPTY}},
    {55, "the request body is not as long as declared", {PICKET_ERR_BODY_LENGTH}},
    {56,
     "the connection was reset, or the proxy does not open the way",
     {PICKET_ERR_RESET, PICKET_ERR_PROXY, PICKET_ERR_PROXY_AUTH, PICKET_ERR_PROXY_ANSWER}},
    {EXIT_IDENTITY, "the client's certificate or key cannot be used", {PICKET_ERR_IDENTITY}},
    {60,
     "the server's certificate cannot be trusted, whatever is wrong with it",
     {PICKET_ERR_UNKNOWN_ISSUER, PICKET_ERR_SELF_SIGNED, PICKET_ERR_EXPIRED, PICKET_ERR_NOT_YET_VALID,
      PICKET_ERR_WRONG_HOST, PICKET_ERR_CERT_USAGE, PICKET_ERR_CERT_WEAK, PICKET_ERR_CERT_MALFORMED,
      PICKET_ERR_NO_CERT, PICKET_ERR_NO_TIME, PICKET_ERR_TIME_REFUSED}},
    {65, "redirected, and the body cannot be sent a second time", {PICKET_ERR_REDIRECT_BODY}},
    {90, "no key of the server's is a pinned one", {PICKET_ERR_PIN}},
    {EXIT_OTHER, "any other failure", {0}},
    {EXIT_TRUST,
     "the trusted certificates cannot be read, or there are none",
     {PICKET_ERR_TRUST_FORMAT, PICKET_ERR_NO_TRUST}},
    {130, "interrupted (128 and the number of the signal)", {0}},
};

static int has_error(const struct exit_code *row, int error)
{
    for (size_t i = 0; row->errors[i] != 0; i++)
        if (row->errors[i] == error)
            return 1;
    return 0;
}

int exit_code_of(int error)
{
    if (error >= 0)
        return 0;
    for (size_t i = 0; i < sizeof exit_codes / sizeof exit_codes[0]; i++)
        if (has_error(&exit_codes[i], error))
            return exit_codes[i].code;
    return EXIT_OTHER;
}

void exit_code_print(FILE *out)
{
    for (size_t i = 0; i < sizeof exit_codes / sizeof exit_codes[0]; i++)
        fprintf(out, "  %3d  %s\n", exit_codes[i].code, exit_codes[i].meaning);
}
