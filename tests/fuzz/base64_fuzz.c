// Base64: it fits into the room that is promised to be enough, and what was taken is the same when it is written again.
#include "base64.h"
#include "fuzz.h"
#include "text.h"

static size_t without_blanks(const char *text, size_t len, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (strchr(" \t\r\n", text[i]) == NULL)
            out[n++] = text[i];
    }
    return n;
}

// The bits of the last digit that stand for nothing may be set or not.
static void check(const char *text, size_t len, const uint8_t *bytes, size_t byte_count)
{
    char *plain = malloc(len + 1), *again = malloc(len + 8);
    if (plain == NULL || again == NULL)
        abort();
    size_t n = without_blanks(text, len, plain);
    text_t out = text_in(again, len + 8);
    text_base64(&out, bytes, byte_count);
    HOLDS(out.len == n);
    for (size_t i = 0; i < n; i++)
        HOLDS(plain[i] == again[i] || (byte_count % 3 != 0 && i == byte_count / 3 * 4 + byte_count % 3));
    free(plain);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t room = (len + 3) / 4 * 3, got = 0;
    char *text = fuzz_text(data, len);
    uint8_t *out = malloc(room > 0 ? room : 1);
    if (out == NULL)
        abort();
    if (base64_decode(text, len, out, &got)) {
        HOLDS(got <= room);
        check(text, len, out, got);
    }
    free(out);
    free(text);
    return 0;
}
