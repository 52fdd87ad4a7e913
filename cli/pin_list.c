// pin_list.c: see pin_list.h.
#include "pin_list.h"

#include <stdlib.h>
#include <string.h>

#include "../src/base64.h"
#include "exit_code.h"
#include "file.h"
#include "memory.h"
#include "message.h"

enum { FILE_MAX = 65536 };

static int wrong(const char *text)
{
    message_line("--pinnedpubkey %s: neither sha256//BASE64 (several with ';' between) nor a file with a "
                 "public key or a "
                 "certificate, PEM or DER",
                 text);
    return EXIT_TRUST;
}

static void add(picket_trust_t *store, picket_pin_t **pins, const picket_pin_t *pin)
{
    *pins = memory_one_more(*pins, store->pin_count, sizeof **pins);
    (*pins)[store->pin_count++] = *pin;
    store->pins = *pins;
}

static int load_text(picket_trust_t *store, const char *text)
{
    picket_pin_t *pins = NULL, pin;

    for (const char *at = text; at != NULL;) {
        const size_t len = strcspn(at, ";");
        if (picket_pin_parse(at, len, &pin) != 0)
            return wrong(text);
        add(store, &pins, &pin);
        at = at[len] == ';' ? at + len + 1 : NULL;
    }
    return 0;
}

// The bytes between the lines of PEM of this kind, decoded in place.
static bool decode_pem(char *data, const char *kind, size_t *len)
{
    char line[64];

    snprintf(line, sizeof line, "-----BEGIN %s-----", kind);
    char *const begin = strstr(data, line);
    if (begin == NULL)
        return false;
    char *const text = begin + strlen(line);
    snprintf(line, sizeof line, "-----END %s-----", kind);
    const char *const end = strstr(text, line);
    if (end == NULL || !base64_decode(text, (size_t)(end - text), (uint8_t *)text, len))
        return false;
    memmove(data, text, *len);
    return true;
}

static int load_file(picket_trust_t *store, const char *path)
{
    char *data;
    size_t len;
    picket_pin_t *pins = NULL, pin;
    const int failed = file_read(path, FILE_MAX, &data, &len);

    if (failed != 0) {
        message_line("--pinnedpubkey %s: cannot be read: %s", path, strerror(failed));
        return EXIT_TRUST;
    }
    if (!decode_pem(data, "PUBLIC KEY", &len))
        (void)decode_pem(data, "CERTIFICATE", &len);
    const int error = picket_pin_of(data, len, &pin);
    free(data);
    if (error != 0)
        return wrong(path);
    add(store, &pins, &pin);
    return 0;
}

int pin_list_load(picket_trust_t *store, const char *text)
{
    return strncmp(text, "sha256//", 8) == 0 ? load_text(store, text) : load_file(store, text);
}

void pin_list_free(picket_trust_t *store)
{
    free((picket_pin_t *)(uintptr_t)store->pins);
    store->pins = NULL;
    store->pin_count = 0;
}
