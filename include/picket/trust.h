// trust.h: whom to believe. A store is a table of trust anchors, sorted, looked up on demand.
//
// Nothing of a store is in RAM but the table itself: an anchor is parsed when a chain asks for it and
// forgotten after the check. A store may be const, in flash.
#ifndef PICKET_TRUST_H
#define PICKET_TRUST_H

#include <stddef.h>
#include <stdint.h>

#include "picket/error.h"

#ifdef __cplusplus
extern "C" {
#endif

// Whom to believe, one line of the table. der is a whole certificate (name_len 0; the rest is then in it, and 0 here), or
// as little as an issuer needs: its name, name_len bytes, and behind it its key (a Name and a SubjectPublicKeyInfo, RFC
// 5280 4.1), with the dates between which it may be used. Such a line cannot be a server's own certificate.
// Times are seconds since 1970.
typedef struct picket_anchor {
    const uint8_t *der;
    uint16_t der_len;
    uint16_t name_len;
    uint32_t subject_hash; // picket_trust_hash of its name; the table is sorted by it
    uint32_t not_before;
    uint32_t not_after;
    uint32_t
        distrust_after; // server certificates issued after this are not believed; 0: none is refused for that
} picket_anchor_t;

// A key to be seen in a server's path: the SHA-256 of its SubjectPublicKeyInfo (RFC 7469 2.4, where browsers had it).
typedef struct picket_pin {
    uint8_t sha256[32];
    // For a server whose certificate is for another name than the URL has: the name, or IP literal, that it must be for.
    // Used only in a store without anchors. NULL: the URL's.
    const char *name;
} picket_pin_t;

// A pin from text, as curl writes it ("sha256//" and the hash in base64), or from a public key or a certificate (DER), whose
// key it then is. name is set to NULL. 0; PICKET_ERR_TRUST_FORMAT: it is not that; PICKET_ERR_ARG.
int picket_pin_parse(const char *text, size_t len, picket_pin_t *pin);
int picket_pin_of(const void *der, size_t len, picket_pin_t *pin);

// Anchors, pins, or both. Several pins are alternatives: give one for a key that is kept in reserve, too.
//   anchors          the path must lead to one of them
//   anchors, pins    and the key of some certificate of that path must be pinned, else PICKET_ERR_PIN
//   pins             there is no path: the key of the server's own certificate must be pinned. Its name and its dates
//                    still count
typedef struct picket_trust {
    const picket_anchor_t *anchors;
    size_t count;
    const picket_pin_t *pins;
    size_t pin_count;
} picket_trust_t;

// The roots that Mozilla believes for TLS servers, made when Picket is built (docs/TRUST.md): 60 kB, in flash, in programs
// that name it only. The text tells where the set comes from and its date.
extern const picket_trust_t picket_trust_web;
extern const char picket_trust_web_origin[];

// The largest certificate that a store takes.
#define PICKET_ANCHOR_MAX 16384

// Make a store from certificates: PEM with any number of them (what stands between them is ignored), or one
// or more DER certificates one after the other. Works without Picket being initialised, without a heap, and
// does not check dates: those count when the anchor is used.
//   data     len bytes; need not end with NUL. DER is not copied, so it must outlive the store. PEM may go
//            after the call.
//   mem      mem_len bytes, which hold the table (and for PEM the decoded certificates) and must outlive the
//            store. picket_trust_mem(data, len) says how many are enough.
// Repeated certificates are kept once. Returns 0; PICKET_ERR_TRUST_FORMAT when nothing in data is a
// certificate or one of them is damaged (store is then empty, and *bad, if not NULL, tells the offset in data
// of the first certificate that is not one); PICKET_ERR_NO_MEMORY when mem is too small; PICKET_ERR_ARG.
int picket_trust_load(picket_trust_t *store, const void *data, size_t len, void *mem, size_t mem_len,
                      size_t *bad);
size_t picket_trust_mem(const void *data, size_t len);

// The hash of a distinguished name (DER, the SEQUENCE included) under which anchors are sorted: equal for
// names that are equal in the sense of RFC 5280 7.1 (ASCII case and runs of blanks do not count, nor does the
// kind of string among those of one byte a character). 0 is returned for what is not a name.
uint32_t picket_trust_hash(const uint8_t *name, size_t len);

#ifdef __cplusplus
}
#endif
#endif
