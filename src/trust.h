// trust.h: stores of trust anchors, and what a certificate says about names.
//
//   trust.c       looking anchors up
//   trust_path.c  which way leads from the server's certificate to an anchor
//   trust_load.c  making a store from PEM or DER
//   trust_der.c   the little DER that this takes, and the hash of a distinguished name
//   trust_name.c  does a certificate cover a host name or an address?
#ifndef PICKET_TRUST_PRIVATE_H
#define PICKET_TRUST_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mbedtls/x509_crt.h>

#include "picket/port.h"
#include "picket/trust.h"

// The anchors whose subject is the issuer of child, parsed, as a list that the caller frees as Mbed TLS does.
// *candidates is NULL when there is none. 0, or a code of Mbed TLS when there is no memory.
int trust_find_issuers(const picket_trust_t *store, const mbedtls_x509_crt *child,
                       mbedtls_x509_crt **candidates);

// There is an anchor with this name (DER).
bool trust_knows(const picket_trust_t *store, const mbedtls_x509_buf *name);

// Put the certificates behind the server's own in an order in which Mbed TLS, which takes the first that
// fits, finds a time-valid way to an anchor, if there is one by name. leaf is the list as the server sent it.
void trust_order(const picket_trust_t *store, mbedtls_x509_crt *leaf);

// The certificate itself is in the store, byte for byte.
bool trust_contains(const picket_trust_t *store, const mbedtls_x509_crt *crt);

// The certificate's subject alternative names cover host, or, when literal is not NULL, that address. RFC
// 9525: the common name does not count; a wildcard is one whole leftmost label, with at least two labels
// behind it; an address matches only an iPAddress.
bool trust_name_matches(const mbedtls_x509_crt *crt, const char *host, const picket_address_t *literal);

// The last common name of a distinguished name, or NULL.
const mbedtls_x509_buf *trust_common_name(const mbedtls_x509_name *name);

#endif
