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

// One trusted certificate. subject_hash is picket_trust_hash of its subject; the table is sorted by it.
typedef struct picket_anchor {
    const uint8_t *der;
    uint32_t der_len;
    uint32_t subject_hash;
} picket_anchor_t;

typedef struct picket_trust {
    const picket_anchor_t *anchors;
    size_t count;
} picket_trust_t;

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
