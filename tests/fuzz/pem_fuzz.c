// PEM, and stores made of it: blocks are inside the text and behind each other; a store is sorted, and its anchors are
// certificates in the memory given.
#include "fuzz.h"
#include "pem.h"
#include "picket/trust.h"

static void walk(const char *text, size_t len, const char *kind)
{
    const char *at = text, *stop = text + len;
    pem_t block;
    while (pem_next(at, (size_t)(stop - at), kind, &block) == 1) {
        HOLDS(block.at >= at && block.text > block.at && block.behind > block.text && block.behind <= stop);
        HOLDS(block.len <= (size_t)(block.behind - block.text));
        at = block.behind;
    }
}

static void check(const picket_trust_t *store, const void *data, size_t len)
{
    picket_pin_t pin;
    HOLDS(store->count > 0);
    for (size_t i = 0; i < store->count; i++) {
        const picket_anchor_t *anchor = &store->anchors[i];
        HOLDS(anchor->der_len > 0 && anchor->name_len == 0);
        HOLDS(i == 0 || store->anchors[i - 1].subject_hash <= anchor->subject_hash);
        (void)picket_pin_of(anchor->der, anchor->der_len, &pin);
    }
    (void)data;
    (void)len;
}

static void load(const void *data, size_t len, size_t room)
{
    picket_trust_t store;
    size_t bad = 0;
    void *mem = malloc(room > 0 ? room : 1);
    if (mem == NULL)
        abort();
    int error = picket_trust_load(&store, data, len, mem, room, &bad);
    HOLDS(error == 0 || error == PICKET_ERR_TRUST_FORMAT || error == PICKET_ERR_NO_MEMORY);
    HOLDS(error != PICKET_ERR_NO_MEMORY || room < picket_trust_mem(data, len));
    HOLDS(bad <= len && (error == 0 || store.count == 0));
    if (error == 0)
        check(&store, data, len);
    free(mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t *bytes = fuzz_bytes(data, len);
    walk((const char *)bytes, len, "CERTIFICATE");
    walk((const char *)bytes, len, "EC PRIVATE KEY");
    size_t room = picket_trust_mem(bytes, len);
    load(bytes, len, room);
    load(bytes, len, room / 2);
    free(bytes);
    return 0;
}
