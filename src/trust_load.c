#include <string.h>

#include "base64.h"
#include "pem.h"
#include "picket/trust.h"
#include "trust_der.h"

static const char kind[] = "CERTIFICATE";

// --- The table, kept sorted while it grows

typedef struct table {
    picket_anchor_t *anchors;
    size_t count, cap;
} table_t;

static bool same(const picket_anchor_t *a, const uint8_t *der, size_t len)
{
    return a->der_len == len && memcmp(a->der, der, len) == 0;
}

// The first anchor whose hash is not below this one.
static size_t first_at(const table_t *table, uint32_t hash)
{
    size_t i = table->count;
    while (i > 0 && table->anchors[i - 1].subject_hash >= hash)
        i--;
    return i;
}

// Where it goes, behind its namesakes; or NULL when it is there already.
static picket_anchor_t *place_for(table_t *table, uint32_t hash, const uint8_t *der, size_t len)
{
    size_t i = first_at(table, hash);
    for (; i < table->count && table->anchors[i].subject_hash == hash; i++) {
        if (same(&table->anchors[i], der, len))
            return NULL;
    }
    return &table->anchors[i];
}

// 0; PICKET_ERR_TRUST_FORMAT when it is not one certificate; PICKET_ERR_NO_MEMORY when the table is full.
// *used: it was not a repetition.
static int insert(table_t *table, const uint8_t *der, size_t len, bool *used)
{
    const uint8_t *subject;
    size_t whole, subject_len;
    if (!der_certificate(der, len, &whole, &subject, &subject_len) || whole != len || len > PICKET_ANCHOR_MAX)
        return PICKET_ERR_TRUST_FORMAT;
    uint32_t hash = picket_trust_hash(subject, subject_len);
    if (hash == 0)
        return PICKET_ERR_TRUST_FORMAT;
    picket_anchor_t *place = place_for(table, hash, der, len);
    *used = place != NULL;
    if (place == NULL)
        return 0;
    if (table->count == table->cap)
        return PICKET_ERR_NO_MEMORY;
    memmove(place + 1, place, (size_t)(table->anchors + table->count - place) * sizeof *place);
    *place = (picket_anchor_t){.der = der, .der_len = (uint16_t)len, .subject_hash = hash};
    table->count++;
    return 0;
}

// --- Loading

static size_t count_pem(const char *text, size_t len, size_t *der_len)
{
    pem_t block;
    size_t count = 0;
    const char *stop = text + len;
    *der_len = 0;
    while (pem_next(text, (size_t)(stop - text), kind, &block) == 1) {
        *der_len += block.len / 4 * 3 + 3;
        text = block.behind;
        count++;
    }
    return count;
}

static size_t count_der(const uint8_t *bytes, size_t len)
{
    der_t element;
    size_t count = 0;
    while (len > 0 && der_next(&bytes, &len, &element))
        count++;
    return count;
}

// A first byte of 0x30 would not tell: text may begin with the digit 0.
static bool is_der(const void *data, size_t len)
{
    const uint8_t *subject;
    size_t whole, subject_len;
    return der_certificate(data, len, &whole, &subject, &subject_len);
}

size_t picket_trust_mem(const void *data, size_t len)
{
    size_t der_len = 0;
    if (data == NULL)
        return 0;
    size_t count = is_der(data, len) ? count_der(data, len) : count_pem(data, len, &der_len);
    return count * sizeof(picket_anchor_t) + der_len + _Alignof(picket_anchor_t);
}

static int load_der(table_t *table, const uint8_t *bytes, size_t len, size_t *bad)
{
    size_t at = 0;
    der_t element;
    bool used;
    while (at < len) {
        *bad = at;
        if (!der_read(bytes + at, len - at, &element))
            return PICKET_ERR_TRUST_FORMAT;
        int error = insert(table, bytes + at, element.whole, &used);
        if (error != 0)
            return error;
        at += element.whole;
    }
    return 0;
}

static int load_block(table_t *table, const pem_t *block, uint8_t **free_at, const uint8_t *stop)
{
    size_t der_len;
    bool used;
    if (block->len / 4 * 3 + 3 > (size_t)(stop - *free_at))
        return PICKET_ERR_NO_MEMORY;
    if (!base64_decode(block->text, block->len, *free_at, &der_len))
        return PICKET_ERR_TRUST_FORMAT;
    int error = insert(table, *free_at, der_len, &used);
    if (error == 0 && used)
        *free_at += der_len;
    return error;
}

static int load_pem(table_t *table, const char *text, size_t len, uint8_t *mem, const uint8_t *stop,
                    size_t *bad)
{
    const char *at = text;
    for (;;) {
        pem_t block;
        int found = pem_next(at, len - (size_t)(at - text), kind, &block);
        if (found == 0)
            return 0;
        *bad = (size_t)(block.at - text);
        int error = found < 0 ? PICKET_ERR_TRUST_FORMAT : load_block(table, &block, &mem, stop);
        if (error != 0)
            return error;
        at = block.behind;
    }
}

// The table stands at the front of mem, aligned, the decoded certificates behind it.
static int load(table_t *table, const void *data, size_t len, uint8_t *mem, size_t mem_len, size_t *bad)
{
    size_t der_len = 0;
    size_t skip = (size_t)(-(uintptr_t)mem) & (_Alignof(picket_anchor_t) - 1);
    size_t count = is_der(data, len) ? count_der(data, len) : count_pem(data, len, &der_len);
    if (mem_len < skip || count > (mem_len - skip) / sizeof(picket_anchor_t))
        return PICKET_ERR_NO_MEMORY;
    table->anchors = (picket_anchor_t *)(void *)(mem + skip);
    table->cap = count;
    if (is_der(data, len))
        return load_der(table, data, len, bad);
    return load_pem(table, data, len, (uint8_t *)(table->anchors + count), mem + mem_len, bad);
}

int picket_trust_load(picket_trust_t *store, const void *data, size_t len, void *mem, size_t mem_len,
                      size_t *bad)
{
    table_t table = {0};
    size_t offset = 0;
    if (store == NULL || data == NULL || mem == NULL)
        return PICKET_ERR_ARG;
    *store = (picket_trust_t){0};
    int error = load(&table, data, len, mem, mem_len, &offset);
    if (error == 0 && table.count == 0)
        error = PICKET_ERR_TRUST_FORMAT;
    if (bad != NULL)
        *bad = offset;
    if (error == 0)
        *store = (picket_trust_t){.anchors = table.anchors, .count = table.count};
    return error;
}
