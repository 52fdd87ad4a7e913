// trust.h: stores of trust anchors, and what a certificate says about names.
//
//   trust.c       looking anchors up
//   trust_make.c  a certificate for an anchor that is a name and a key only
//   trust_path.c  which way leads from the server's certificate to an anchor
//   trust_load.c  making a store from PEM or DER
//   trust_der.c   the little DER that this takes, and the hash of a distinguished name
//   trust_pin.c   keys that are known beforehand
//   trust_name.c  does a certificate cover a host name or an address?
//   trust_strict.c       what Mbed TLS does not object to, and we do
//   trust_constraints.c  may a certificate's issuer vouch for its names?
#ifndef PICKET_TRUST_PRIVATE_H
#define PICKET_TRUST_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mbedtls/x509_crt.h>

#include "picket/port.h"
#include "picket/trust.h"

// What is looked for in a store.
typedef struct trust_search {
    const picket_trust_t *store;
    const mbedtls_x509_time
        *issued;   // the server's certificate: some roots are not believed for new ones. NULL: any
    bool any_time; // anchors that are not valid now are found, too
} trust_search_t;

// The anchors that may be the issuer of child, by name, key identifier and dates, at most max, parsed, as a list
// that the caller frees (trust_free) as Mbed TLS does. *candidates is NULL when there is none. 0, or a code of Mbed
// TLS when there is no memory.
int trust_find_issuers(const trust_search_t *search, const mbedtls_x509_crt *child, unsigned max,
                       mbedtls_x509_crt **candidates);
void trust_free(mbedtls_x509_crt *list);

// There is an anchor with this name (DER), of whatever dates.
bool trust_knows(const picket_trust_t *store, const mbedtls_x509_buf *name);

// Intermediates in a path: one more than Mbed TLS takes, so that it is the one to say that it is too long.
#define TRUST_DEPTH 9

// Leave of the certificates behind the server's own only those on a way to an anchor, in its order, and return their
// number: in time and believed, if there is such a way; else search->any_time is set, for what Mbed TLS says then is
// what is wrong. leaf is the list as the server sent it.
unsigned trust_order(trust_search_t *search, mbedtls_x509_crt *leaf);

// Dates hold now; the key identifiers of the two do not contradict each other.
bool trust_in_time(const mbedtls_x509_crt *crt);
bool trust_keys_agree(const mbedtls_x509_crt *parent, const mbedtls_x509_crt *child);

// The certificate made of an anchor that is name and key (trust_make.c): its length, 0 when it is not that, and its
// bytes.
size_t trust_make_len(const picket_anchor_t *anchor);
void trust_make(const picket_anchor_t *anchor, uint8_t *der);

// Pins (trust_pin.c). The hash of a certificate's key, false when it cannot be had; and the pin that has it, or NULL.
#define TRUST_HASH 32u
bool trust_has_pins(const picket_trust_t *store);
bool trust_is_pins_only(const picket_trust_t *store);
bool trust_key_hash(const mbedtls_x509_crt *crt, uint8_t sha256[TRUST_HASH]);
const picket_pin_t *trust_pin_of(const picket_trust_t *store, const mbedtls_x509_crt *crt);

// The certificate itself is in the store, byte for byte.
bool trust_contains(const picket_trust_t *store, const mbedtls_x509_crt *crt);

// The certificate's subject alternative names cover host, or, when literal is not NULL, that address. RFC
// 9525: the common name does not count; a wildcard is one whole leftmost label, with at least two labels
// behind it, which are no public suffix as far as that shows; an address matches only an iPAddress.
bool trust_name_matches(const mbedtls_x509_crt *crt, const char *host, const picket_address_t *literal);

// The certificate has no alternative names, and this is its common name: what boxes have whose makers never heard of the
// others. Only for a key that is pinned.
bool trust_common_name_is(const mbedtls_x509_crt *crt, const char *name);

// The last common name of a distinguished name, or NULL.
const mbedtls_x509_buf *trust_common_name(const mbedtls_x509_name *name);

// --- What Mbed TLS does not object to

enum trust_role { TRUST_LEAF, TRUST_INTERMEDIATE, TRUST_ANCHOR };

// Certificates of a path that have name constraints: with more of them it is refused.
#define TRUST_CONSTRAINED 4

// What is known from one certificate of a path to the next. Zero it before the first one.
typedef struct trust_strict {
    struct {
        const uint8_t *value; // of the extension, in the certificate
        size_t len;
    } constraints[TRUST_CONSTRAINED];
    uint8_t count;
    const char *wrong; // words for what was found
} trust_strict_t;

// Look at a certificate of a path that Mbed TLS has verified, the anchor first, the server's last, while all
// of them are in memory. Returns MBEDTLS_X509_BADCERT_* flags, and sets strict->wrong. An anchor is looked at
// as far as it is there: of one that is kept as a name and a key there is nothing to see.
uint32_t trust_check_strictly(trust_strict_t *strict, const mbedtls_x509_crt *crt, enum trust_role role);

// For mbedtls_x509_crt_parse_der_with_ext_cb, when an anchor is read: constraints of names that are marked
// critical are no reason to give up where trust_check_strictly knows all of them.
int trust_read_extension(void *ctx, mbedtls_x509_crt const *crt, mbedtls_x509_buf const *oid, int critical,
                         const unsigned char *value, const unsigned char *end);

// trust_constraints.c. Name constraints (RFC 5280 4.2.1.10): are they well-formed (*others: they restrict
// more than host names and addresses), and do they allow the host names and addresses of crt? NULL: yes; else
// words for what is wrong.
const char *trust_constraints_fault(const uint8_t *value, size_t len, bool *others);
const char *trust_constrain(const uint8_t *value, size_t len, const mbedtls_x509_crt *crt);

#endif
