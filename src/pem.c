#include "pem.h"

#include <string.h>

// The first "-----BEGIN KIND-----", say; NULL when there is none.
static const char *find(const char *text, size_t len, const char *word, const char *kind)
{
    const size_t word_len = strlen(word), kind_len = strlen(kind), whole = word_len + kind_len + 5;
    while (len >= whole) {
        const char *p = memchr(text, '-', len - whole + 1);
        if (p == NULL)
            return NULL;
        if (memcmp(p, word, word_len) == 0 && memcmp(p + word_len, kind, kind_len) == 0 &&
            memcmp(p + word_len + kind_len, "-----", 5) == 0)
            return p;
        len -= (size_t)(p + 1 - text);
        text = p + 1;
    }
    return NULL;
}

int pem_next(const char *text, size_t len, const char *kind, pem_t *block)
{
    static const char begin[] = "-----BEGIN ", end[] = "-----END ";
    block->at = find(text, len, begin, kind);
    if (block->at == NULL)
        return 0;
    block->text = block->at + sizeof begin - 1 + strlen(kind) + 5;
    const char *last = find(block->text, len - (size_t)(block->text - text), end, kind);
    if (last == NULL)
        return -1;
    block->len = (size_t)(last - block->text);
    block->behind = last + sizeof end - 1 + strlen(kind) + 5;
    return 1;
}
