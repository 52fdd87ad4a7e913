// Redirect targets: what a Location field may say, resolved against a URL (the first line). There is room enough, the result
// is never a URL of another kind than its text says, and resolving it again changes nothing.
#include "fuzz.h"
#include "picket/error.h"
#include "picket/options.h"
#include "url.h"

static void check(const char *base, const char *reference)
{
    size_t room = strlen(base) + strlen(reference) + 2;
    char *out = malloc(room), *again = malloc(room + room);
    url_t url, same;
    if (out == NULL || again == NULL)
        abort();
    int error = url_resolve(base, reference, out, room);
    HOLDS(error == 0 || error == PICKET_ERR_URL);
    if (error == 0) {
        HOLDS(strlen(out) < room);
        if (url_parse(out, &url, NULL) == 0 && url_resolve(base, out, again, room + room) == 0) {
            HOLDS(url_parse(again, &same, NULL) == 0 && same.secure == url.secure && same.port == url.port);
            HOLDS(same.host_len == url.host_len && memcmp(same.host, url.host, url.host_len) == 0);
        }
    }
    for (size_t less = 0; less < room && less < 40; less++) // and with less room it says so, or does
        HOLDS(url_resolve(base, reference, again, less) == PICKET_ERR_URL || strlen(again) < less);
    free(again);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *line = len > 0 ? memchr(data, '\n', len) : NULL;
    size_t base_len = line != NULL ? (size_t)(line - data) : 0, skip = line != NULL ? base_len + 1 : 0;
    char *base = fuzz_text(data, base_len), *reference = fuzz_text(data + skip, len - skip);
    check(base, reference);
    check("https://h.test:8443/a/b/c?d#e", reference);
    free(reference);
    free(base);
    return 0;
}
