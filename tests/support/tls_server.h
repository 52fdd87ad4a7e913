// tls_server.h: real servers on loopback, openssl s_server or nginx as a child process, and the certificates
// that they show.
//
// Everything lives in one temporary folder, which is made when it is first needed. Folder and children are
// gone when the program has ended, also when it crashed.
#ifndef TLS_SERVER_H
#define TLS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "picket/trust.h"

// The name that every leaf certificate is for.
#define TLS_SERVER_HOST "picket.test"

// What signs what: "P-256", "P-384", "rsa:2048" or "rsa:4096" each. Without an intermediate the root signs
// the leaf.
typedef struct tls_chain {
    const char *name; // of its files, and in its certificates
    const char *root;
    const char *intermediate; // or NULL
    const char *leaf;
    unsigned more_names; // in the leaf, besides TLS_SERVER_HOST: how a certificate becomes large
} tls_chain_t;

// Make the certificates of a chain. False, and a line on stderr, when that fails.
bool tls_chain_make(const tls_chain_t *chain);

// A store with the roots of these chains. It lives until the program ends.
bool tls_chain_trust(const tls_chain_t *chains, size_t count, picket_trust_t *store);

// Put a file into the folder, which every server gives at "/NAME": s_server as a whole response, head included;
// nginx as a body. And read one, that nginx was told to write: its length, at most room, or -1.
bool tls_server_page(const char *name, const void *bytes, size_t len);
long tls_server_read(const char *name, void *bytes, size_t room);

typedef struct tls_server {
    pid_t pid; // 0: not running
    uint16_t port;
} tls_server_t;

typedef struct tls_server_options {
    const tls_chain_t *chain;
    const char *version; // "-tls1_2", "-tls1_3", or NULL for both
    unsigned max_record; // largest record that it sends, 0: 16 KB (s_server only)

    // nginx, with these directives for what it serves: several connections at once, and bodies both ways. It reads
    // requests up to 8 MB. NULL: openssl s_server, one connection at a time.
    const char *nginx;
    const char *nginx_tls; // directives for TLS, or NULL
} tls_server_options_t;

// Start a server on a free port and wait until it listens. False, and a line on stderr, when it does not.
bool tls_server_start(tls_server_t *server, const tls_server_options_t *options);

// End the child and wait for it. Harmless twice.
void tls_server_stop(tls_server_t *server);

#endif
