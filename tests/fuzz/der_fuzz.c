// The little DER that is read here: whatever the bytes are, what comes of them is inside them.
#include "fuzz.h"
#include "picket/trust.h"
#include "trust_der.h"

static bool is_inside(const uint8_t *part, size_t part_len, const uint8_t *bytes, size_t len)
{
    return part >= bytes && part_len <= len && (size_t)(part - bytes) <= len - part_len;
}

static void walk(const uint8_t *bytes, size_t len, unsigned depth)
{
    der_t element;
    const uint8_t *start = bytes;
    size_t all = len;
    while (len > 0 && der_next(&bytes, &len, &element)) {
        HOLDS(is_inside(element.body, element.len, start, all) && element.whole > element.len);
        HOLDS(is_inside(bytes, len, start, all));
        if (depth > 0 && (element.tag & 0x20) != 0)
            walk(element.body, element.len, depth - 1);
    }
}

static void walk_extensions(const uint8_t *bytes, size_t len)
{
    der_extension_t extension;
    const uint8_t *start = bytes;
    size_t all = len;
    while (len > 0 && der_next_extension(&bytes, &len, &extension)) {
        HOLDS(is_inside(extension.value.body, extension.value.len, start, all));
        HOLDS(is_inside(extension.oid.body, extension.oid.len, start, all) && extension.id <= 127);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t *bytes = fuzz_bytes(data, len);
    const uint8_t *part, *names[2];
    size_t whole, part_len;
    walk(bytes, len, 8);
    walk_extensions(bytes, len);
    if (der_certificate(bytes, len, &whole, &part, &part_len)) {
        HOLDS(whole <= len && is_inside(part, part_len, bytes, whole));
        (void)picket_trust_hash(part, part_len);
    }
    if (der_key(bytes, len, &part, &part_len))
        HOLDS(is_inside(part, part_len, bytes, len));
    if (der_signature_names(bytes, len, names)) {
        HOLDS(is_inside(names[0], 2, bytes, len) && is_inside(names[1], 2, bytes, len));
        HOLDS(names[0] < names[1]);
    }
    (void)picket_trust_hash(bytes, len);
    free(bytes);
    return 0;
}
